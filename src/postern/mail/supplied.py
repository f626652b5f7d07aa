"""The text that the marketplace supplies for a contact reason, in a reader's language, and in it what the author typed, as typed
(R5, R6). It is made twice: as the other side reads it, and in the author's own language, to be shown beside that.
"""

import re
from collections.abc import Iterable, Mapping
from datetime import date
from decimal import Decimal
from html import escape

from postern.language import say, say_date, say_money
from postern.language.catalogues import tongue
from postern.mail.characters import clean
from postern.mail.letter import Attachment, Letter
from postern.mail.paragraphs import Line, html_of, isolated, text_of
from postern.model.contact_reason import ContactReason, FieldKind, Wording
from postern.model.posting import Passus, Supplied

_VARIABLE = re.compile(r"\{([a-z][a-z0-9_]{0,29})\}")


def supply(reason: ContactReason, language: str, names: Mapping[str, str], typed: Mapping[str, str]) -> Supplied:
    """The message in this language. ``names`` are those of the order, the marketplace and both sides."""
    wording = wording_of(reason, language)
    order = names.get("order", "")
    subject = say(language, "{title} (order {order})", title=wording.title, order=order) if order else wording.title
    values = {**{name: isolated(words) for name, words in names.items()}, **_as_read(reason, language, typed)}
    long = {one.name for one in reason.fields if one.kind is FieldKind.TEXT}
    return Supplied(language, subject, tuple(_fill(wording.text, values, long)))


def wording_of(reason: ContactReason, language: str) -> Wording:
    """What people read of the reason in this language: an operator's own words first, then the catalogues', else English."""
    own = reason.own_wordings
    if own:
        return own.get(language) or own.get(language.partition("-")[0]) or reason.wording
    english = reason.wording
    return Wording(
        title=say(language, english.title),
        use_when=say(language, english.use_when),
        text=_unfilled(language, english.text),
        labels={name: say(language, label) for name, label in english.labels.items()},
    )


def letter_of(supplied: Supplied, files: Iterable[Attachment]) -> Letter:
    """As a letter: rows of 72 columns for what is ours, lines as typed for what is the author's."""
    text = "\n\n".join(one.words if one.typed else text_of(Line(one.words)) for one in supplied.paragraphs)
    html = "\n".join(map(_markup, supplied.paragraphs))
    return Letter(supplied.subject, text, html, tuple(files))


def _unfilled(language: str, text: str) -> str:
    """The translation with its variables still in it. A damaged one is not used."""
    translated = tongue(language).sentences.gettext(text)
    return translated if set(_VARIABLE.findall(translated)) == set(_VARIABLE.findall(text)) else text


def _as_read(reason: ContactReason, language: str, typed: Mapping[str, str]) -> dict[str, str]:
    """Words as typed; days and amounts as people of this language write them."""
    return {one.name: _value(one.kind, language, typed.get(one.name, "").strip()) for one in reason.fields}


def _value(kind: FieldKind, language: str, words: str) -> str:
    try:
        match kind:
            case FieldKind.TEXT:
                return _tidied(words)
            case FieldKind.DATE:
                return isolated(say_date(language, date.fromisoformat(words)))
            case FieldKind.AMOUNT:
                number, currency = words[:-3].strip().replace(",", "."), words[-3:]
                return isolated(say_money(language, Decimal(number), currency))
            case FieldKind.LINE:
                return isolated(words)
    except (ValueError, ArithmeticError):  # no day, no amount: the rules say so
        return isolated(words)


def _tidied(words: str) -> str:
    """Line ends and letters as in mails; nothing else is touched."""
    return clean(words).strip("\n ")


def _fill(text: str, values: Mapping[str, str], long: set[str]) -> Iterable[Passus]:
    """Each paragraph with its variables; one in which a variable is left empty is left out."""
    for paragraph in text.split("\n\n"):
        used = _VARIABLE.findall(paragraph)
        if not all(values.get(name) for name in used):
            continue
        whole = _VARIABLE.fullmatch(paragraph.strip())
        filled = _VARIABLE.sub(lambda variable: values[variable[1]], paragraph.strip())
        yield Passus(filled, typed=bool(whole and whole[1] in long))


def _markup(passus: Passus) -> str:
    if not passus.typed:
        return f'<p dir="auto">{html_of(Line(passus.words))}</p>'
    pieces = (escape(piece, quote=False).replace("\n", "<br>\n") for piece in passus.words.split("\n\n"))
    return "\n".join(f'<p dir="auto">{piece}</p>' for piece in pieces)
