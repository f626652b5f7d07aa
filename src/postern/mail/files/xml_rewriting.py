"""XML as documents hold it: attributes and elements that say who wrote are replaced or taken out, everything else stays as it is.

expat checks first that it is well formed, without a document type, and says which prefix stands for which namespace; what is then
done by patterns is linear. The outcome is checked again. Comments and processing instructions go.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from xml.parsers import expat

from postern.mail.files.budget import Budget, UncleanError

Name = tuple[str, str]  # namespace, local name
_ASIDE = re.compile(r"<!--.*?-->|<\?.*?\?>|<!\[CDATA\[(.*?)\]\]>", re.DOTALL)
_ATTRIBUTES = r"""[^<>"']*+(?:"[^"<]*"[^<>"']*+|'[^'<]*'[^<>"']*+)*+"""  # and, with it, a tag's closing slash
_ATTRIBUTE = re.compile(r"""\s+([^\s=<>"'/]+)\s*=\s*("[^"]*"|'[^']*')""")
_TAG = re.compile(rf"<{_ATTRIBUTES}>")
_DECLARATION = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'
_ENCODING = re.compile(rb"""\A\s*<\?xml[^>]{0,200}?encoding\s*=\s*["']([A-Za-z0-9_-]{1,40})["']""")
_UTF16 = (b"\xff\xfe", b"\xfe\xff")


@dataclass(frozen=True, slots=True)
class Rules:
    """What becomes of names. An attribute or text that a rule gives a string gets that; ``None`` takes the attribute out.

    ``own_attributes`` are those without a prefix, by their element; ``*:id`` is one with any prefix.
    """

    attributes: Mapping[Name, str | None] = field(default_factory=dict)
    own_attributes: Mapping[Name, Mapping[str, str | None]] = field(default_factory=dict)
    texts: Mapping[Name, str] = field(default_factory=dict)
    dropped: frozenset[Name] = frozenset()
    forbidden: frozenset[Name] = frozenset()


def rewrite(octets: bytes, rules: Rules, budget: Budget) -> bytes:
    """The document under these rules, in UTF-8."""
    text = _decode(octets)
    budget.take_tags(text.count("<"))
    prefixes = _check(text)
    text = _ASIDE.sub(lambda found: _escape(found[1] or ""), text)
    if _tags_of(text, _spelled(rules.forbidden, prefixes)):
        raise UncleanError
    for name in _spelled(rules.dropped, prefixes):
        text = _drop(text, name)
    for plain, words in rules.texts.items():
        for name in _spelled([plain], prefixes):
            text = _put_text(text, name, words)
    text = _change_attributes(text, rules, prefixes)
    _check(text)
    return (_DECLARATION + text.strip()).encode("utf-8")


def words_of(octets: bytes) -> str:
    """All text of a document in one piece, as a reader sees it across tags; nothing where it is no XML."""
    try:
        text = _decode(octets)
    except UncleanError:
        return ""
    return _TAG.sub("", _ASIDE.sub(lambda found: _escape(found[1] or ""), text))


def elements_of(octets: bytes) -> list[tuple[str, dict[str, str]]]:
    """The elements of a small document that is a list, with their attributes; without namespaces, for there is one."""
    found: list[tuple[str, dict[str, str]]] = []
    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartDoctypeDeclHandler = _refuse_document_type
    parser.StartElementHandler = lambda name, attributes: found.append((name.rpartition(" ")[2], attributes))
    try:
        parser.Parse(octets, True)  # noqa: FBT003 - expat's own signature
    except (expat.ExpatError, LookupError, ValueError) as error:
        raise UncleanError from error
    return found


def _refuse_document_type(*_: object) -> None:
    """It could define entities, which unpack to anything."""
    raise UncleanError


def _decode(octets: bytes) -> str:
    called = _ENCODING.match(octets)
    try:
        if octets.startswith(_UTF16):
            text = octets.decode("utf-16")
        elif called and called[1].lower() not in (b"utf-8", b"us-ascii", b"ascii"):
            raise UncleanError
        else:
            text = octets.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise UncleanError from error
    return text


def _check(text: str) -> dict[str, set[str]]:
    """Raise unless it is well formed; say which namespaces each prefix stands for, anywhere in it."""
    prefixes: dict[str, set[str]] = {}
    parser = expat.ParserCreate("utf-8", namespace_separator=" ")

    def found_namespace(prefix: str | None, uri: str | None) -> None:
        prefixes.setdefault(prefix or "", set()).add(uri or "")

    parser.StartNamespaceDeclHandler = found_namespace
    parser.StartDoctypeDeclHandler = _refuse_document_type
    try:
        parser.Parse(text.encode("utf-8"), True)  # noqa: FBT003 - expat's own signature
    except (expat.ExpatError, UnicodeEncodeError) as error:
        raise UncleanError from error
    return prefixes


def _spelled(names: Iterable[Name], prefixes: Mapping[str, set[str]]) -> list[str]:
    """Each name as this document may write it. Where a prefix stands for several namespaces, it is taken for each of them."""
    return [
        f"{prefix}:{local}" if prefix else local
        for namespace, local in names
        for prefix, uris in prefixes.items()
        if namespace in uris
    ]


def _tags_of(text: str, names: list[str]) -> bool:
    return any(f"<{name}" in text and re.search(rf"<{re.escape(name)}[\s/>]", text) for name in names)


def _drop(text: str, name: str) -> str:
    if f"<{name}" not in text:
        return text
    name = re.escape(name)
    return re.sub(rf"<{name}(?=[\s/>]){_ATTRIBUTES}(?:(?<=/)>|(?<!/)>.*?</{name}\s*>)", "", text, flags=re.DOTALL)


def _put_text(text: str, name: str, words: str) -> str:
    if f"<{name}" not in text:
        return text
    name = re.escape(name)
    pattern = rf"(<{name}(?=[\s>]){_ATTRIBUTES}(?<!/)>).*?(?=</{name}\s*>)"
    return re.sub(pattern, lambda found: found[1] + words, text, flags=re.DOTALL)


def _change_attributes(text: str, rules: Rules, prefixes: Mapping[str, set[str]]) -> str:
    changes: dict[str, str | None] = {}
    for plain, value in rules.attributes.items():
        changes |= dict.fromkeys((name for name in _spelled([plain], prefixes) if ":" in name), value)
    by_element = {name: owned for plain, owned in rules.own_attributes.items() for name in _spelled([plain], prefixes)}
    starts = [rf"{re.escape(name)}(?=[\s/>])" for name in by_element if f"<{name}" in text]
    sought = [re.escape(name) for name in changes if f"{name}" in text]
    if sought:
        starts.append(rf"(?=[^<]*?\s(?:{'|'.join(sought)})\s*=)")
    if not starts:
        return text
    pattern = re.compile(rf"<(?:{'|'.join(starts)}){_ATTRIBUTES}>")

    def change(tag: re.Match[str]) -> str:
        owned = by_element.get(re.split(r"[\s/>]", tag[0][1:200], maxsplit=1)[0], {})
        return _ATTRIBUTE.sub(lambda found: _changed(found, changes, owned), tag[0])

    return pattern.sub(change, text)


def _changed(found: re.Match[str], changes: Mapping[str, str | None], owned: Mapping[str, str | None]) -> str:
    name = found[1]
    for rules, key in ((changes, name), (owned, name), (owned, f"*:{name.rpartition(':')[2]}" if ":" in name else name)):
        if key in rules:
            value = rules[key]
            return "" if value is None else f' {name}="{value}"'
    return found[0]


def _escape(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
