"""The content rules as TOML files: how grave each misuse is (``severities.toml``), its phrases, a file a language (``de.toml``).

An operator's own files, in the folder ``content`` of their catalogue, change severities, and add phrases.
"""

import re
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from postern.catalogue.reason_file import Mistake, mistake_of, text_of
from postern.model.content_rule import ContentKind, ContentRule, Severity

SHIPPED = Path(__file__).parent / "content"
SEVERITIES = "severities.toml"
_LANGUAGE = re.compile(r"[a-z]{2,3}")
_PHRASES_MAXIMUM = 500  # of one kind in one file
_Phrase = Annotated[str, Field(min_length=3, max_length=100, pattern=r"^[^\s.*]\S*(?: \S+)*$")]


class _Severity(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    severity: Severity
    alone: bool = False


_SEVERITIES = TypeAdapter(dict[ContentKind, _Severity])
_PHRASES = TypeAdapter(dict[ContentKind, Annotated[tuple[_Phrase, ...], Field(max_length=_PHRASES_MAXIMUM)]])


@dataclass(slots=True)
class _Gathered:
    severities: dict[ContentKind, _Severity] = field(default_factory=dict)
    phrases: dict[ContentKind, dict[str, tuple[str, ...]]] = field(default_factory=lambda: defaultdict(dict))
    mistakes: list[Mistake] = field(default_factory=list)


def read_content_rules(own_folder: Path | None) -> tuple[tuple[ContentRule, ...], tuple[Mistake, ...]]:
    """The rules in the order of their kinds, and what is wrong with the files."""
    gathered = _Gathered()
    for path in _files(own_folder):
        _take(gathered, path)
    rules = tuple(
        ContentRule(kind, one.severity, one.alone, dict(gathered.phrases[kind]))
        for kind in ContentKind
        if (one := gathered.severities.get(kind)) and one.severity is not Severity.PASS
    )
    return rules, tuple(gathered.mistakes)


def _files(own_folder: Path | None) -> Iterator[Path]:
    yield from sorted(SHIPPED.glob("*.toml"))
    if own_folder and (own := own_folder / "content").is_dir():
        yield from sorted(own.glob("*.toml"))


def _take(gathered: _Gathered, path: Path) -> None:
    name = f"content/{path.name}"
    try:
        tables = tomllib.loads(text_of(path))
        if path.name == SEVERITIES:
            gathered.severities |= _SEVERITIES.validate_python(tables)
        elif _LANGUAGE.fullmatch(path.stem):
            for kind, phrases in _PHRASES.validate_python(tables).items():
                known = gathered.phrases[kind].get(path.stem, ())
                gathered.phrases[kind][path.stem] = (*known, *phrases)
        else:
            gathered.mistakes.append(Mistake(name, "", "This is no language.", "Name the file by its code, such as de.toml."))
    except ValidationError as error:
        gathered.mistakes += sorted(mistake_of(name, _without_marks(one)) for one in error.errors())
    except (OSError, RecursionError, ValueError) as error:
        gathered.mistakes.append(Mistake(name, "", f"It cannot be read: {error}.", "It must be TOML in UTF-8."))


def _without_marks(error: Mapping[str, Any]) -> Mapping[str, Any]:
    """Pydantic marks a wrong key of a table with ``[key]``."""
    return {**error, "loc": tuple(part for part in error["loc"] if part != "[key]")}
