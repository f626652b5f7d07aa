"""What pages are made from: what they are handed, the templates, styles and the script.

Every word that is not ours is escaped by the templates. Nothing is loaded from elsewhere, and only the desk runs a script.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from urllib.parse import urlsplit

from jinja2 import Environment, PackageLoader, StrictUndefined
from litestar import MediaType, Response

from postern.actions.frame import Frame
from postern.language import DEFAULT_LANGUAGE, direction, say, say_moment
from postern.ports import Clock
from postern.storage.store import Store
from postern.web.outbox import Outbox

_HASH_LENGTH = 16
_STATIC = {"page.css": "text/css", "desk.css": "text/css", "desk.js": "text/javascript", "icon.svg": "image/svg+xml"}

_TEMPLATES = Environment(
    loader=PackageLoader("postern.web"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


@dataclass(frozen=True, slots=True)
class Pages:
    """What the pages work with. ``outbox`` is there only while outgoing mail is kept in the sandbox; ``sts_policy`` may be
    empty, for none.
    """

    store: Store
    frame: Frame
    clock: Clock
    outbox: Outbox | None
    sts_policy: str = ""


@dataclass(frozen=True, slots=True)
class StaticFile:
    """A file under a name that changes with its content, so that browsers may keep it."""

    name: str
    media_type: str
    octets: bytes


@cache
def load_static() -> Mapping[str, StaticFile]:
    """Everything that pages load, by the name it has here."""
    return {name: _load(name, media_type) for name, media_type in _STATIC.items()}


def _load(name: str, media_type: str) -> StaticFile:
    octets = (files("postern.web") / "static" / name).read_bytes()
    stem, _, ending = name.rpartition(".")
    return StaticFile(f"{stem}-{hashlib.sha256(octets).hexdigest()[:_HASH_LENGTH]}.{ending}", media_type, octets)


def show(
    pages: Pages, template: str, language: str = DEFAULT_LANGUAGE, *, status: int = 200, **fields: object
) -> Response[bytes]:
    """A page in the reader's language."""
    prefix = urlsplit(pages.frame.public_url).path  # a proxy may have put us below a folder
    text = _TEMPLATES.get_template(template).render(
        say=partial(say, language),
        say_moment=partial(say_moment, language),
        language=language,
        direction=direction(language),
        stylesheet=f"{prefix}/static/{load_static()['page.css'].name}",
        static={name: f"{prefix}/static/{one.name}" for name, one in load_static().items()},
        **fields,
    )
    return Response(text.encode("utf-8", "replace"), status_code=status, media_type=MediaType.HTML)


def show_notice(
    pages: Pages, title: str, *sentences: str, language: str = DEFAULT_LANGUAGE, status: int = 200
) -> Response[bytes]:
    """A page that only tells something; title and sentences are in the reader's language already."""
    return show(pages, "notice.html", language, status=status, title=title, sentences=sentences)
