"""One contact reason as a TOML file, and everything that can be wrong with it: by key, with what to do about it.

The file's name is the reason's code. It is strict: a key that is not known is a mistake, for a rule that is silently ignored is
worse than none.
"""

import re
import string
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from postern.model.contact_reason import (
    ContactReason,
    Days,
    FieldKind,
    Files,
    ItemKind,
    Moment,
    Offer,
    Phase,
    ReasonField,
    Wording,
)
from postern.model.order import Fulfilment, OrderStatus
from postern.model.relationship import Side

KNOWN_VARIABLES = ("order", "seller", "buyer", "marketplace")
FILE_MAXIMUM = 100_000  # octets
_CODE = re.compile(r"[a-z][a-z0-9_]{1,49}")
_LANGUAGE = re.compile(r"[a-z]{2,3}(?:[-_][A-Za-z]{2,4})?")
_Words = Annotated[str, Field(min_length=1, max_length=300)]
_Text = Annotated[str, Field(min_length=1, max_length=4_000)]
_Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,29}$")]
_Count = Annotated[int, Field(ge=0, le=1_000)]


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """What is wrong in a file of the catalogue: where, and what to do. ``key`` is dotted, empty for the whole file."""

    file: str
    key: str
    sentence: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.file}: {self.key}" if self.key else self.file
        return f"{where}: {self.sentence} {self.remedy}"


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Days(_Table):
    since: Moment
    at_least: _Count | None = None
    at_most: _Count | None = None


class _Offer(_Table):
    order_needed: bool = True
    phases: frozenset[Phase] = frozenset()
    statuses: frozenset[OrderStatus] = frozenset()
    fulfilments: frozenset[Fulfilment] = frozenset((Fulfilment.SELLER,))
    items: frozenset[ItemKind] = frozenset()
    categories: frozenset[str] = frozenset()
    not_categories: frozenset[str] = frozenset()
    days: _Days | None = None
    per_order: Annotated[int, Field(ge=1, le=1_000)] | None = None


class _Files(_Table):
    at_least: Annotated[int, Field(ge=0, le=20)] = 0
    at_most: Annotated[int, Field(ge=0, le=20)] = 5


class _Field(_Table):
    name: _Name
    label: _Words
    kind: FieldKind = FieldKind.TEXT
    required: bool = True
    maximum: Annotated[int, Field(ge=1, le=10_000)] = 2_000


class _Wording(_Table):
    title: _Words
    use_when: _Words
    text: _Text
    labels: dict[str, _Words] = {}


class _Reason(_Table):
    author: Literal["seller", "buyer"]
    title: _Words | None = None
    use_when: _Words | None = None
    text: _Text | dict[str, _Wording]
    critical: bool = False
    rank: _Count = 1_000
    offer: _Offer = _Offer()
    files: _Files = _Files()
    field: tuple[_Field, ...] = ()


def read_reason_file(path: Path) -> tuple[ContactReason | None, tuple[Mistake, ...]]:
    """The reason, or what is wrong with it."""
    try:
        tables = tomllib.loads(text_of(path))
        reason = _Reason.model_validate(tables)
    except (OSError, UnicodeDecodeError):
        return None, (Mistake(path.name, "", "It cannot be read.", "It must be a readable text file in UTF-8."),)
    except (tomllib.TOMLDecodeError, RecursionError, ValueError) as error:
        if not isinstance(error, ValidationError):
            return None, (Mistake(path.name, "", f"It is no TOML: {error}.", "Mend the syntax at that place."),)
        return None, tuple(sorted(mistake_of(path.name, dict(one)) for one in error.errors()))
    mistakes = tuple(Mistake(path.name, *one) for one in _contradictions(path.stem, reason))
    return (None, mistakes) if mistakes else (_reason(path.stem, reason), ())


def variables_of(text: str) -> tuple[str, ...] | None:
    """The names in braces; None where the braces make no sense."""
    try:
        parsed = tuple(string.Formatter().parse(text))
    except ValueError:
        return None
    if any(form or conversion for _, _, form, conversion in parsed):
        return None
    return tuple(dict.fromkeys(name for _, name, _, _ in parsed if name is not None))


def text_of(path: Path) -> str:
    """What stands in a file of the catalogue. Raises OSError and ValueError."""
    with path.open("rb") as file:
        octets = file.read(FILE_MAXIMUM + 1)
    if len(octets) > FILE_MAXIMUM:
        raise ValueError(f"longer than {FILE_MAXIMUM:,} bytes")
    return octets.decode("utf-8")


def mistake_of(file: str, error: Mapping[str, Any]) -> Mistake:
    """One of pydantic's errors, in words of ours."""
    key = ".".join(str(part) for part in error["loc"] if not str(part).startswith("dict["))
    match error["type"]:
        case "extra_forbidden":
            return Mistake(file, key, "There is no such key.", "Remove it, or look up its name in docs/extend/contact-reason.md.")
        case "missing":
            return Mistake(file, key, "It is missing.", "Write it.")
        case "enum" | "literal_error":
            return Mistake(file, key, "There is no such value.", f"Write one of: {error['ctx']['expected']}.")
        case _:
            words = str(error["msg"]).removeprefix("Value error, ").replace("Input should", "It should")
            return Mistake(file, key, "This is not what is needed here.", f"{words}.")


def _contradictions(code: str, reason: _Reason) -> Iterator[tuple[str, str, str]]:
    """What is well formed and makes no sense: key, sentence, remedy."""
    if not _CODE.fullmatch(code):
        yield "", "The file's name is no code.", "Name it in small letters, digits and underscores, such as spare_parts.toml."
    names = [one.name for one in reason.field]
    for name in {one for one in names if names.count(one) > 1 or one in KNOWN_VARIABLES}:
        yield f"field.{name}", "The name is taken.", "Give each field a name of its own."
    if reason.files.at_least > reason.files.at_most:
        yield "files.at_least", "It is more than at_most.", "Raise at_most, or ask for fewer."
    if not reason.offer.order_needed and _asks_for_an_order(reason.offer):
        yield "offer.order_needed", "What else the offer asks for needs an order.", "Write true, or ask for nothing of the order."
    days = reason.offer.days
    if days and days.at_most is not None and (days.at_least or 0) > days.at_most:
        yield "offer.days", "There is no such day.", "at_least must not be more than at_most."
    yield from _faults_of_wordings(reason, names)


def _asks_for_an_order(offer: _Offer) -> bool:
    asked = (offer.phases, offer.statuses, offer.items, offer.categories, offer.not_categories, offer.days, offer.per_order)
    return any(asked)


def _faults_of_wordings(reason: _Reason, names: list[str]) -> Iterator[tuple[str, str, str]]:
    if isinstance(reason.text, str):
        for key, words in (("title", reason.title), ("use_when", reason.use_when)):
            if words is None:
                yield key, "It is missing.", "Write it."
        yield from _faults_of_text("text", reason.text, reason, names)
        return
    for key, extra in (("title", reason.title), ("use_when", reason.use_when)):
        if extra is not None:
            yield key, "It stands in each [text.xx] already.", "Remove it here."
    if "en" not in reason.text:
        yield "text.en", "It is missing.", "Write the English, for readers of languages that you do not have."
    for language, wording in reason.text.items():
        if not _LANGUAGE.fullmatch(language):
            yield f"text.{language}", "This is no language.", "Write its code, such as de or pt_BR."
        for name in wording.labels.keys() - set(names):
            yield f"text.{language}.labels.{name}", "There is no such field.", "Remove it, or add the field."
        yield from _faults_of_text(f"text.{language}.text", wording.text, reason, names)


def _faults_of_text(key: str, text: str, reason: _Reason, names: list[str]) -> Iterator[tuple[str, str, str]]:
    used = variables_of(text)
    if used is None:
        yield key, "The braces are no variables.", "Write {order}, and {{ for a brace itself."
        return
    for name in used:
        if name not in (*KNOWN_VARIABLES, *names):
            known = ", ".join((*KNOWN_VARIABLES, *names))
            yield key, f"There is no variable {{{name}}}.", f"Use one of: {known}; or add a field of this name."
    for name in names:
        if name not in used:
            yield key, f"What is typed into the field {name} stands nowhere.", f"Write {{{name}}} where it belongs."
    if "order" in used and not reason.offer.order_needed:
        yield key, "There may be no order to name.", "Leave {order} out, or set offer.order_needed = true."


def _reason(code: str, reason: _Reason) -> ContactReason:
    offer = reason.offer
    days = Days(**offer.days.model_dump()) if offer.days else None
    fields = tuple(ReasonField(one.name, one.label, one.kind, one.required, one.maximum) for one in reason.field)
    labels = {one.name: one.label for one in reason.field}
    own: Mapping[str, Wording] = {}
    if isinstance(reason.text, str):
        wording = Wording(reason.title or "", reason.use_when or "", reason.text.strip(), labels)
    else:
        own = {language.replace("_", "-"): _wording(one, labels) for language, one in reason.text.items()}
        wording = own["en"]
    return ContactReason(
        code=code,
        author=Side(reason.author),
        wording=wording,
        critical=reason.critical,
        offer=Offer(**{**dict(offer), "days": days}),
        fields=fields,
        files=Files(reason.files.at_least, reason.files.at_most),
        rank=reason.rank,
        own_wordings=own,
    )


def _wording(one: _Wording, labels: Mapping[str, str]) -> Wording:
    return Wording(one.title, one.use_when, one.text.strip(), {**labels, **one.labels})
