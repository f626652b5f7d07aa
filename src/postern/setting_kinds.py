"""Kinds of values that options have: each stays the text that the file has, once it can be read."""

from collections.abc import Callable
from typing import Annotated, Any

from pydantic import AfterValidator

from postern.listening import read_socket
from postern.model.hosts import read_nameservers, read_networks


def _checked_by(read: Callable[[Any], object]) -> AfterValidator:
    def check(value: object) -> object:
        read(value)
        return value

    return AfterValidator(check)


Networks = Annotated[tuple[str, ...], _checked_by(read_networks)]
Nameservers = Annotated[tuple[str, ...], _checked_by(read_nameservers)]
Socket = Annotated[str, _checked_by(read_socket)]
