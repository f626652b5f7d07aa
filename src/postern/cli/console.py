"""What the commands share: their common options, the store they open, and how they end."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, NoReturn
from uuid import UUID

import typer
from rich.console import Console
from rich.progress import Progress

from postern.errors import AddressError, NotFoundError
from postern.model.address import Address
from postern.model.identifier import read_shown
from postern.storage.store import Store
from postern.wiring import House, build_house

FAILED, NOT_FOUND, MISCONFIGURED = 1, 4, 78

Config = Annotated[Path, typer.Option("--config", help="The settings file.")]
DEFAULT_CONFIG = Path("postern.toml")
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


@contextmanager
def store_of(config: Path) -> Iterator[tuple[House, Store]]:
    """The installation and its store, closed afterwards."""
    house = build_house(config)
    store = house.open_store()
    try:
        yield house, store
    finally:
        store.close()


def progress() -> Progress:
    """A bar on standard error, gone when it is done; none where nobody looks."""
    return Progress(console=Console(stderr=True, quiet=not sys.stderr.isatty()), transient=True)


def read_name(prefix: str, text: str, sentence: str) -> UUID:
    """The id behind ``dlv_…`` or the like. Raises NotFoundError with this sentence."""
    found = read_shown(prefix, text)
    if found is None:
        raise NotFoundError(sentence)
    return found


def read_address(text: str) -> Address:
    """An address that was typed. Whatever is none ends the command as a wrong usage."""
    try:
        return Address.parse(text)
    except AddressError as error:
        raise typer.BadParameter(str(error)) from None


def fail(sentence: str) -> NoReturn:
    """Nothing was done, and why, on standard error."""
    typer.echo(f"postern: {sentence}", err=True)
    sys.exit(FAILED)


def end(error: Exception, code: int) -> None:
    """One line on standard error, and the exit code."""
    typer.echo(f"postern: {error}", err=True)
    sys.exit(code)
