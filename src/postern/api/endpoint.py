"""What an endpoint is: a method, a path, who may call it, what it takes and gives, and the function that answers.

Both the served routes and the OpenAPI document are made from these, so neither can say what the other does not do.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import BinaryIO

from pydantic import BaseModel

from postern.api.call import Call
from postern.api.problems import Problem
from postern.model.api_key import OPERATOR_SCOPES, SELLER_SCOPES, Scope


class Body(StrEnum):
    """The kinds of body, by media type; each has its own largest size."""

    NONE = ""
    JSON = "application/json"
    FEED = "application/jsonl"


ROOT = "/api/v1"
JSON_TYPE = "application/json"


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back. ``content`` is a shape, or octets of ``media_type``, perhaps an open file that is closed after it."""

    content: BaseModel | bytes | BinaryIO
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    media_type: str = JSON_TYPE


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter of the query."""

    name: str
    meaning: str
    schema: Mapping[str, object] = field(default_factory=lambda: {"type": "string"})


@dataclass(frozen=True, slots=True)
class Endpoint:
    """``path`` is below the API's root, with ``{names}``. ``scope`` is None where anybody may call, without a key.

    ``gives`` says what each status answers with: a shape, or a media type.
    """

    method: str
    path: str
    name: str
    title: str
    scope: Scope | None
    act: Callable[[Call], Answer]
    gives: Mapping[int, type[BaseModel] | str]
    takes: type[BaseModel] | None = None
    body: Body = Body.NONE
    query: tuple[Parameter, ...] = ()
    problems: tuple[Problem, ...] = ()
    is_sending: bool = False  # needs an Idempotency-Key

    @property
    def holders(self) -> tuple[str, ...]:
        """Whose keys may have the scope."""
        if self.scope is None:
            return ()
        both = (("seller", self.scope in SELLER_SCOPES), ("operator", self.scope in OPERATOR_SCOPES))
        return tuple(name for name, may in both if may)
