"""Pages of an evidence pack, by Typst (the extra ``postern[pdf]``): a tagged PDF that screen readers follow.

What is told comes as data and is never read as markup, so no word of a message can set anything. The same data gives the same
octets.
"""

import json
from functools import cache
from importlib.resources import files

import typst

from postern.errors import PosternError


class TypesettingError(PosternError):
    """The pages could not be set."""


def typeset(told: dict[str, object], language: str) -> bytes:
    """The pages as PDF. Raises TypesettingError."""
    given = {"told": json.dumps(told, ensure_ascii=False), "language": language.partition("-")[0].lower()}
    try:
        pages = typst.compile(_layout(), sys_inputs=given)
    except typst.TypstError as error:
        raise TypesettingError("the pages could not be set: Typst refused them") from error
    if not isinstance(pages, bytes):
        raise TypesettingError("the pages could not be set: Typst gave none")
    return pages


@cache
def _layout() -> bytes:
    return (files("postern.connect") / "evidence.typ").read_bytes()
