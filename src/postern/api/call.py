"""One call as its function gets it: who calls, which names stand in the path, what the query and the body say.

Everything from outside is read strictly here: a number in quotes is no number, a key that stands twice is refused, and no octets
make anything be raised but a problem.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import IO, Never, TypeVar
from uuid import UUID

from pydantic import BaseModel, ConfigDict, ValidationError

from postern.api.office import Office
from postern.api.problems import BAD_CURSOR, BAD_FIELDS, BAD_JSON, BAD_QUERY, NOT_FOUND, Mistake, RefusedError
from postern.errors import DamagedError, TokenError
from postern.keys import from_base64url, to_base64url
from postern.model.api_key import ApiKey
from postern.model.identifier import read_shown
from postern.storage.vault import DataKey

_CURSOR = "api cursor"
_MISTAKES = 20
T = TypeVar("T", bound="Shape")


class Shape(BaseModel):
    """What a body looks like: exactly these keys, of exactly these types."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)


@dataclass(frozen=True, slots=True)
class Call:
    """``octets`` is the body; ``lines`` is there instead where the body is a feed."""

    office: Office
    key: ApiKey | None  # None where anybody may call
    names: Mapping[str, str] = field(default_factory=dict, repr=False)
    query: Mapping[str, str] = field(default_factory=dict, repr=False)
    octets: bytes = field(default=b"", repr=False)
    lines: IO[bytes] | None = field(default=None, repr=False)
    idempotency_key: str = field(default="", repr=False)

    @property
    def seller_id(self) -> int:
        """The seller for whom the key acts. Only functions of seller's endpoints ask."""
        if self.key is None or self.key.seller_id is None:
            raise TypeError("no seller's key at a seller's endpoint")
        return self.key.seller_id

    def read(self, shape: type[T]) -> T:
        """The body in this shape. Raises RefusedError with every mistake found, the first twenty."""
        read_json(self.octets)
        try:
            return shape.model_validate_json(self.octets)
        except ValidationError as error:
            raise RefusedError(BAD_FIELDS, mistakes=_mistakes(error)) from None

    def read_object(self) -> dict[str, object]:
        """The body as the JSON object that it must be."""
        content = read_json(self.octets)
        if not isinstance(content, dict):
            raise RefusedError(BAD_FIELDS, mistakes=(Mistake("", "must be an object in braces"),))
        return content

    def page(self) -> int:
        """How many the caller wants of a list."""
        most = self.office.frame.limits.api_page
        text = self.query.get("limit", str(min(50, most)))
        if not (text.isascii() and text.isdecimal() and len(text) <= 6 and 1 <= int(text) <= most):  # noqa: PLR2004
            raise RefusedError(BAD_QUERY, f"limit must be a number from 1 to {most}")
        return int(text)

    def make_cursor(self, about: str, position: str) -> str:
        """Where the next page of a list begins: sealed for this holder, list and filters, for a position tells how
        much happens here.
        """
        keyring = self.office.frame.keyring
        key_id = keyring.newest
        sealed = DataKey(keyring.derive(_CURSOR, key_id)).seal_text(position, self._about(about))
        return to_base64url(bytes([key_id]) + sealed)

    def read_cursor(self, about: str, name: str = "cursor") -> str | None:
        """The position behind the cursor in the query; None where there is none."""
        text = self.query.get(name)
        if text is None:
            return None
        try:
            octets = from_base64url(text)
            key = DataKey(self.office.frame.keyring.derive(_CURSOR, octets[0]))
            return key.open_text(octets[1:], self._about(about))
        except (TokenError, DamagedError, IndexError):
            raise RefusedError(BAD_CURSOR) from None

    def _about(self, about: str) -> str:
        return f"{_CURSOR} {self.key.seller_id if self.key else None} {about}"


def read_json(octets: bytes) -> object:
    """What a body says. Raises RefusedError for all that two readers could read in two ways."""
    try:
        content: object = json.loads(octets.decode("utf-8"), object_pairs_hook=_read_pairs, parse_constant=_refuse)
    except UnicodeDecodeError:
        raise RefusedError(BAD_JSON, "It is not UTF-8.") from None
    except json.JSONDecodeError as error:
        raise RefusedError(BAD_JSON, f"{error.msg} at line {error.lineno}, character {error.colno}.") from None
    except RecursionError:
        raise RefusedError(BAD_JSON, "It is nested too deep.") from None
    except ValueError:  # a number of thousands of digits
        raise RefusedError(BAD_JSON, "It holds a number that cannot be read.") from None
    return content


def read_id(prefix: str, text: str) -> UUID:
    """The identifier behind ``msg_…`` or the like. What is none is not found."""
    found = read_shown(prefix, text)
    if found is None:
        raise RefusedError(NOT_FOUND)
    return found


def _read_pairs(pairs: Sequence[tuple[str, object]]) -> dict[str, object]:
    content = dict(pairs)
    if len(content) < len(pairs):
        raise RefusedError(BAD_JSON, "A key stands twice in one object.")
    return content


def _refuse(_: str) -> Never:
    raise RefusedError(BAD_JSON, "JSON has no NaN and no Infinity.")


def _mistakes(error: ValidationError) -> tuple[Mistake, ...]:
    told = error.errors(include_url=False, include_input=False, include_context=False)
    return tuple(Mistake(_pointer(one["loc"]), one["msg"]) for one in told[:_MISTAKES])


def _pointer(place: Sequence[str | int]) -> str:
    """RFC 6901 3."""
    return "".join(f"/{str(one).replace('~', '~0').replace('/', '~1')}" for one in place)
