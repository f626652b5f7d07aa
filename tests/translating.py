"""``bin/languages``: finds every sentence that the code says, brings the catalogues in step with them, and compiles these.

Babel reads and writes the catalogues; what it writes is kept free of dates and line numbers, so that nothing changes in a file
but what was changed in a sentence.
"""

import ast
import json
import re
import sys
import tomllib
from collections.abc import Iterator, Sequence
from io import BytesIO
from pathlib import Path

from babel import Locale
from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po
from jinja2.ext import babel_extract

from postern.language import catalogues
from postern.language.coverage import Coverage, measure
from tests.catalogues import compiled

PRODUCT = Path(catalogues.__file__).parents[1]
TEMPLATE = catalogues.CATALOGUES / "postern.pot"

# Which arguments of a call are sentences, counted from 0. What is counted has two forms; a reason, two sentences.
_SAYS = {"say": 1, "phrase": 0}
_COUNTS = {"say_count": (1, 2)}
_REASONS = {"Reason": (3, 4)}
_IN_TEMPLATES = ("say", "say_count")
_TEMPLATES = {"trim_blocks": "true", "lstrip_blocks": "true", "silent": "false"}  # as web/pages.py reads them
_IN_REASONS = ("title", "use_when", "text", "label")  # keys of a contact reason
_HEADING = "Postern speaks {name}. How to translate: docs/extend/language.md."
_CHANGING = re.compile(
    r'^"(?:POT-Creation-Date|PO-Revision-Date|Generated-By|Language-Team|Last-Translator|Report-Msgid|Project)'
)
_NO_WORDS = re.compile(r"\{\w+\}|[\W\d_]+")
LOCALE_OF = {"pt": "pt_PT"}  # CLDR calls Brazil's Portuguese "pt"

Sentence = str | tuple[str, ...]  # of what is counted, its forms


def find_sentences() -> Catalog:
    """Everything there is to say, in the order of the files in which it is said."""
    catalogue = Catalog(charset="utf-8", fuzzy=False)
    for path in sorted(PRODUCT.rglob("*")):
        for sentence in filter(_has_words, _found_in(path)):
            catalogue.add(sentence, locations=[(path.relative_to(PRODUCT.parent).as_posix(), 0)])
    return catalogue


def _has_words(sentence: Sentence) -> bool:
    return bool(_NO_WORDS.sub("", forms_in(sentence)[0]))


def _found_in(path: Path) -> Iterator[Sentence]:
    match path.suffix:
        case ".py":
            yield from _said_in(ast.parse(path.read_text("utf-8")))
        case ".html":
            with path.open("rb") as file:
                for _, _, words, _ in babel_extract(file, _IN_TEMPLATES, (), _TEMPLATES):
                    forms = (words,) if isinstance(words, str) else tuple(filter(None, words or ()))  # a field's value is none
                    yield forms if forms[1:] else forms[0]
        case ".toml":
            yield from _written_in(tomllib.loads(path.read_text("utf-8")))


def _said_in(tree: ast.Module) -> Iterator[Sentence]:
    calls = (node for node in ast.walk(tree) if isinstance(node, ast.Call) and isinstance(node.func, ast.Name))
    for call in sorted(calls, key=lambda node: (node.lineno, node.col_offset)):
        name, words = ast.unparse(call.func), [_literal(argument) for argument in call.args]
        if name in _SAYS and len(words) > _SAYS[name]:
            yield from filter(None, [words[_SAYS[name]]])
        elif name in _COUNTS:
            yield tuple(words[place] for place in _COUNTS[name])
        elif name in _REASONS:
            yield from (words[place] for place in _REASONS[name])


def _literal(argument: ast.expr) -> str:
    """A sentence that is written out; of one that stands in a table, ``phrase`` tells us there."""
    return argument.value if isinstance(argument, ast.Constant) and isinstance(argument.value, str) else ""


def _written_in(table: object) -> Iterator[str]:
    """The sentences of a contact reason. Whoever drops in a text of another language has no need of a catalogue."""
    if isinstance(table, list):
        for one in table:
            yield from _written_in(one)
    elif isinstance(table, dict):
        for key, value in table.items():
            if key in _IN_REASONS and isinstance(value, str):
                yield value.strip()
            else:
                yield from _written_in(value)


def catalogue_of(language: str) -> Catalog:
    """What stands in its ``postern.po``."""
    with _po_of(language).open("rb") as file:
        return read_po(file, locale=language.replace("-", "_"))


def renewed(language: str, template: Catalog) -> Catalog:
    """The catalogue with what is said now, and nothing that is not said any more."""
    catalogue = catalogue_of(language)
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    return catalogue


def written(catalogue: Catalog, name: str) -> bytes:
    """A catalogue as its file."""
    catalogue.header_comment = "# " + _HEADING.format(name=name)
    buffer = BytesIO()
    write_po(buffer, catalogue, width=100, include_lineno=False)
    return b"".join(line for line in buffer.getvalue().splitlines(keepends=True) if not _CHANGING.match(line.decode()))


def compile_catalogue(catalogue: Catalog) -> bytes:
    """A catalogue as programs read it. What is in doubt (``fuzzy``) is not said."""
    header = f"Content-Type: text/plain; charset=UTF-8\nPlural-Forms: {catalogue.plural_forms}\n"
    return compiled({"": header} | dict(_entry(message) for message in catalogue if message.id and _is_ready(message)))


def forms_in(words: str | Sequence[str] | None) -> tuple[str, ...]:
    """The forms of what is counted; of all else the one sentence."""
    return (words or "",) if isinstance(words, str) or words is None else tuple(words)


def _entry(message: Message) -> tuple[str, str]:
    return "\0".join(forms_in(message.id)), "\0".join(forms_in(message.string))


def _is_ready(message: Message) -> bool:
    return not message.fuzzy and all(forms_in(message.string))


def forms_of(language: str) -> bytes:
    """Its ``forms.json``: how it writes days and numbers (Unicode CLDR)."""
    name = language.replace("-", "_")
    locale = Locale.parse(LOCALE_OF.get(name, name))
    symbols = locale.number_symbols["latn"]
    grouping = locale.decimal_formats[None].grouping
    money = locale.currency_formats["standard"].pattern.split(";")[0]
    forms = {
        "name": Locale.parse(name).get_display_name(),
        "date": _date_pattern(locale.date_formats["long"].pattern),
        "moment": locale.datetime_formats["medium"].replace("{1}", "{day}").replace("{0}", "{time}").replace("'", ""),
        "months": [locale.months["format"]["wide"][month] for month in range(1, 13)],
        "decimal": symbols["decimal"],
        "separator": symbols["group"],
        "last_group": grouping[0],
        "group": grouping[1],
        "money": _money_pattern(money),
    }
    return (json.dumps(forms, ensure_ascii=False, indent=1) + "\n").encode()


def _date_pattern(pattern: str) -> str:
    """``d. MMMM y`` with our fields (Unicode TR35, part 4)."""
    fields = {"d": "{day}", "M": "{number}", "MMMM": "{month}", "y": "{year}"}
    pieces = re.findall(r"'([^']*)'|([A-Za-z])(\2*)|([^A-Za-z']+)", pattern)
    return "".join(quoted or (fields[letter + more] if letter else other) for quoted, letter, more, other in pieces)


def _money_pattern(pattern: str) -> str:
    """``#,##0.00 ¤`` with our fields. Letters keep a space from digits, where a sign would not (CLDR, currencySpacing)."""
    spaced = re.sub(r"¤(?=#)", "¤\u00a0", pattern)
    return re.sub(r"[#,]*0\.0+", "{amount}", spaced).replace("¤", "{currency}")


def _po_of(language: str) -> Path:
    return catalogues.CATALOGUES / language.replace("-", "_") / "LC_MESSAGES" / "postern.po"


def known_catalogues() -> list[str]:
    return sorted(path.parts[-3].replace("_", "-") for path in catalogues.CATALOGUES.glob("*/LC_MESSAGES/postern.po"))


def files_in_step(template: Catalog) -> Iterator[tuple[Path, bytes]]:
    """Every file of the catalogues as it should be."""
    yield TEMPLATE, written(template, "English")
    for language in known_catalogues():
        catalogue = renewed(language, template)
        forms = forms_of(language)
        yield _po_of(language), written(catalogue, json.loads(forms)["name"])
        yield _po_of(language).with_suffix(".mo"), compile_catalogue(catalogue)
        yield _po_of(language).parents[1] / "forms.json", forms


def begin(language: str) -> None:
    """An empty catalogue of a language that CLDR knows."""
    path = _po_of(language)
    path.parent.mkdir(parents=True)
    path.write_bytes(written(Catalog(locale=language, fuzzy=False), language))


def _row(one: Coverage) -> str:
    return f"{one.language:8} {one.percent:3} %  {len(one.missing):4} missing  {one.name}"


def main(arguments: list[str]) -> None:
    if arguments[:1] == ["add"]:
        for language in arguments[1:]:
            begin(language)
    for path, octets in files_in_step(find_sentences()):
        if not path.exists() or path.read_bytes() != octets:
            path.write_bytes(octets)
    print("\n".join(map(_row, measure())))  # noqa: T201 - a command


if __name__ == "__main__":
    main(sys.argv[1:])
