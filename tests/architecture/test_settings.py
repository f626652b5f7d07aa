from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from postern import settings


def options() -> Iterator[tuple[str, str | None]]:
    """Every field of every model that settings.py defines, with what it says of itself."""
    for name, thing in vars(settings).items():
        if isinstance(thing, type) and issubclass(thing, BaseModel) and thing.__module__ == settings.__name__:
            yield from ((f"{name}.{key}", field.description) for key, field in thing.model_fields.items())


def test_there_are_options() -> None:
    assert list(options())


@pytest.mark.parametrize("option, description", list(options()))
def test_every_option_says_what_it_means(option: str, description: str | None) -> None:
    assert description, option
    assert len(description.split()) >= 3
