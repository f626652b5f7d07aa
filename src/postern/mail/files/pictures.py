"""Pictures of every kind that travels: which module cleans it. For files, and for what documents and archives hold."""

from collections.abc import Callable

from postern.mail.files import bmp, gif, heif, jpeg, png, tiff, webp
from postern.mail.files.budget import Budget, UncleanError
from postern.mail.files.kinds import Kind, kind_of
from postern.mail.letter import Attachment

CLEANERS: dict[Kind, Callable[[bytes, Budget], bytes]] = {
    Kind.JPEG: jpeg.clean,
    Kind.PNG: png.clean,
    Kind.GIF: gif.clean,
    Kind.WEBP: webp.clean,
    Kind.TIFF: tiff.clean,
    Kind.BMP: bmp.clean,
    Kind.HEIF: heif.clean,
}


def clean_inner(octets: bytes, budget: Budget) -> bytes:
    """A picture inside a document."""
    clean = CLEANERS.get(kind_of(Attachment("", "", octets), budget.limits))
    if clean is None:
        raise UncleanError
    return clean(octets, budget)
