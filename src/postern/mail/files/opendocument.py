"""OpenDocument text, tables and slides (ISO 26300), written anew member by member from a list.

The words stay, and comments and tracked changes stay, by "Author". Properties, settings (with the printer), thumbnails and paths
of the author's disk go; a document with scripts is refused before it comes here, one with embedded objects is withheld.
"""

import re
from xml.sax.saxutils import quoteattr

from postern.mail.files.budget import Budget, UncleanError
from postern.mail.files.pictures import clean_inner
from postern.mail.files.xml_rewriting import Rules, rewrite
from postern.mail.files.zip_members import STORED, Member, write_archive

_FORMS = {
    b"application/vnd.oasis.opendocument.text": ".odt",
    b"application/vnd.oasis.opendocument.spreadsheet": ".ods",
    b"application/vnd.oasis.opendocument.presentation": ".odp",
    b"application/vnd.oasis.opendocument.graphics": ".odg",
}
_KEPT = re.compile(r"(?:content|styles)\.xml")
_PICTURE = re.compile(r"Pictures/[\w.-]{1,100}\.(?:jpe?g|png|gif|tiff?|bmp|webp)", re.IGNORECASE)
_MANIFEST = "META-INF/manifest.xml"
_DROPPED = re.compile(
    r"meta\.xml|settings\.xml|manifest\.rdf|layout-cache|Thumbnails/.*|Configurations2/.*|META-INF/documentsignatures\.xml|"
    r"VersionList\.xml|Versions/.*|ObjectReplacements/.*|[^/]+/"
)
_OASIS = "urn:oasis:names:tc:opendocument:xmlns:"
_DC, _XLINK = "http://purl.org/dc/elements/1.1/", "http://www.w3.org/1999/xlink"
_META, _TEXT, _OFFICE = f"{_OASIS}meta:1.0", f"{_OASIS}text:1.0", f"{_OASIS}office:1.0"
_LOEXT = "urn:org:documentfoundation:names:experimental:office:xmlns:loext:1.0"
_SESSIONS = "http://openoffice.org/2009/office"
_RULES = Rules(
    attributes={
        (_SESSIONS, "rsid"): None,
        (_SESSIONS, "paragraph-rsid"): None,
        ("http://openoffice.org/2010/draw", "alt-text"): None,
    },
    texts={
        (_DC, "creator"): "Author",
        (_META, "creator-initials"): "A",
        (_LOEXT, "sender-initials"): "A",
        (_META, "initial-creator"): "Author",
        (_DC, "date"): "1980-01-01T00:00:00",
    },
    dropped=frozenset(
        {
            (_OFFICE, "scripts"),
            (_OFFICE, "dde-source"),
            (f"{_OASIS}svg-compatible:1.0", "desc"),
            (f"{_OASIS}svg-compatible:1.0", "title"),
        }
        | {(_META, "date-string")}
    ),
    forbidden=frozenset(
        {(_TEXT, "dde-connection-decl"), (f"{_OASIS}script:1.0", "event-listener"), (f"{_OASIS}drawing:1.0", "object-ole")}
    ),
)
_LINK = re.compile(r"""(\shref|:href)=("[^"]*"|'[^']*')""")
_OK_LINK = re.compile(r"""["'](?:https?://|mailto:|tel:|#|(?:\./)?Pictures/)""")
_VERSION = '<?xml version="1.0" encoding="UTF-8"?>\n'


def form_of(kind: bytes) -> str:
    """The extension of the document that calls itself so; empty for one that is not taken."""
    return _FORMS.get(kind.strip(), "")


def clean(members: list[Member], budget: Budget) -> tuple[bytes, str]:
    """The document, and the extension of its kind."""
    used = [member for member in members if not _DROPPED.fullmatch(member.name)]
    first = used[0] if used else None
    if first is None or first.name != "mimetype" or first.method != STORED or len({one.name for one in used}) != len(used):
        raise UncleanError
    form = form_of(first.packed)
    if not form:
        raise UncleanError
    written = []
    for member in used:
        content = member.unpack(budget)
        if _KEPT.fullmatch(member.name):
            written.append((member.name, _without_paths(rewrite(content, _RULES, budget)), member))
        elif _PICTURE.fullmatch(member.name):
            written.append((member.name, clean_inner(content, budget), member))
        elif member.name == "mimetype":
            written.append((member.name, content.strip(), member))
        elif member.name == _MANIFEST:
            written.append((member.name, _manifest(first.packed, used), member))
        else:
            raise UncleanError
    return write_archive(written), form


def _without_paths(text: bytes) -> bytes:
    """Links lead to the web, within the document, or nowhere."""
    return _LINK.sub(lambda link: link[0] if _OK_LINK.match(link[2]) else f'{link[1]}="#"', text.decode("utf-8")).encode("utf-8")


def _manifest(kind: bytes, members: list[Member]) -> bytes:
    space = f"{_OASIS}manifest:1.0"
    entries = [("/", kind.decode("ascii", "replace").strip())]
    entries += [
        (one.name, "text/xml" if one.name.endswith(".xml") else "") for one in members if one.name not in ("mimetype", _MANIFEST)
    ]
    lines = [
        f"<manifest:file-entry manifest:full-path={quoteattr(path)} manifest:media-type={quoteattr(what)}/>"
        for path, what in entries
    ]
    body = "".join(lines)
    return f'{_VERSION}<manifest:manifest xmlns:manifest="{space}" manifest:version="1.2">{body}</manifest:manifest>'.encode()
