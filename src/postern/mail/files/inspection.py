"""May these files come in at all? A quick look: first octets, the directories of archives, the names inside old documents.

Nothing is cleaned here; a broken file is no danger, and is withheld later.
"""

import re
from collections.abc import Iterator

from postern.mail.files import ooxml, pdf
from postern.mail.files.budget import BombError, Budget, UncleanError
from postern.mail.files.kinds import Kind, kind_of
from postern.mail.files.wrappings import unwrapped
from postern.mail.files.zip_members import Member, read_members
from postern.mail.letter import Attachment, Letter
from postern.mail.reading.file_names import clean_file_name
from postern.model.limits import Limits
from postern.model.refused_file import Danger, RefusedFile

_PEEKED = 2_000  # octets of a member
_INLINE_PGP = re.compile(r"^-----BEGIN PGP MESSAGE-----\s*$", re.MULTILINE)
# How Exchange calls text that stood below a file. Such a page, and one without a name, is a piece of the mail itself: withheld.
_CONTINUED_TEXT = re.compile(r"ATT\d{3,8}\.html?", re.IGNORECASE)
_MACRO_MEMBER = re.compile(
    r"(?:word|xl|ppt)/(?:vba\w*\.bin|vbaData\.xml|activeX/.*|macrosheets/.*)|Basic/.+|Scripts/.+", re.IGNORECASE
)
_PROGRAM_MEMBER = re.compile(r"AndroidManifest\.xml|classes\.dex|META-INF/MANIFEST\.MF", re.IGNORECASE)
_FROM_1_MB = 1_000_000  # smaller members may pack as well as they can
# Names of streams and storages in an OLE file, as its directory has them.
_OLE_MACROS = tuple(name.encode("utf-16-le") for name in ("_VBA_PROJECT", "VBA", "Macros", "_xlm"))
_OLE_ENCRYPTED = tuple(name.encode("utf-16-le") for name in ("EncryptedPackage", "EncryptionInfo"))
_OLE_INSTALLER = b"\x84\x10\x0c\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"
_DIRECTORY_ENTRY = 128
_NAME_ROOM = 64


def find_refused(letter: Letter, limits: Limits) -> tuple[RefusedFile, ...]:
    """Every file of the mail that no mail may bring, in order; of an archive, the first in it."""
    found = []
    if letter.text and _INLINE_PGP.search(letter.text):
        found.append(RefusedFile("", Danger.ENCRYPTED_MAIL))
    budget = Budget(limits)
    for file in unwrapped(letter.attachments, limits):
        try:
            refused = next(_dangers(file, file.file_name, budget, 1), None)
        except BombError:
            refused = RefusedFile(file.file_name, Danger.BOMB)
        except UncleanError:
            refused = None
        if refused:
            found.append(refused)
    return tuple(found)


def _dangers(file: Attachment, name: str, budget: Budget, depth: int) -> Iterator[RefusedFile]:
    """The dangers in this file, the gravest first. The depth is bounded: an archive deeper than that is a danger itself."""
    match kind_of(file, budget.limits):
        case Kind.PROGRAM:
            yield RefusedFile(name, Danger.PROGRAM)
        case Kind.PAGE if file.file_name and not _CONTINUED_TEXT.fullmatch(file.file_name):
            yield RefusedFile(name, Danger.ACTIVE_PAGE)
        case Kind.ENCRYPTED_MAIL:
            yield RefusedFile(name, Danger.ENCRYPTED_MAIL)
        case Kind.OLE if danger := _danger_of_ole(file.content):
            yield RefusedFile(name, danger)
        case Kind.PDF if pdf.asks_for_a_password(file.content):
            yield RefusedFile(name, Danger.ENCRYPTED)
        case Kind.ZIP:
            yield from _dangers_of_archive(file, name, budget, depth)
        case _:
            pass


def _dangers_of_archive(file: Attachment, name: str, budget: Budget, depth: int) -> Iterator[RefusedFile]:
    members = read_members(file.content, budget)
    names = {member.name for member in members}
    if any(member.is_encrypted for member in members) or _is_locked(members, budget):
        yield RefusedFile(name, Danger.ENCRYPTED)
    if any(map(_MACRO_MEMBER.fullmatch, names)) or _says_macros(members, budget):
        yield RefusedFile(name, Danger.MACROS)
    if ooxml.CONTENT_TYPES in names or "mimetype" in names:
        return  # a document: its members are judged when it is cleaned
    if any(map(_PROGRAM_MEMBER.fullmatch, names)):
        yield RefusedFile(name, Danger.PROGRAM)
    if depth > budget.limits.archive_depth or sum(member.size for member in members) > budget.limits.unpacked_bytes:
        raise BombError
    for member in members:
        if member.size > max(_FROM_1_MB, len(member.packed) * budget.limits.archive_ratio):
            raise BombError
        if not member.is_folder and not member.is_encrypted:
            yield from _dangers(_peeked(member, budget), f"{name}/{clean_file_name(member.name)}", budget, depth + 1)


def _peeked(member: Member, budget: Budget) -> Attachment:
    """A member as far as it must be seen to be judged."""
    file = Attachment(clean_file_name(member.name), "application/octet-stream", member.peek(_PEEKED))
    if kind_of(file, budget.limits) in (Kind.ZIP, Kind.OLE, Kind.PDF):
        return Attachment(file.file_name, file.media_type, member.unpack(budget))
    return file


def _named(members: list[Member], name: str, budget: Budget) -> bytes:
    return next((member.unpack(budget) for member in members if member.name == name and not member.is_encrypted), b"")


def _says_macros(members: list[Member], budget: Budget) -> bool:
    return b"macroEnabled" in _named(members, ooxml.CONTENT_TYPES, budget)


def _is_locked(members: list[Member], budget: Budget) -> bool:
    """OpenDocument encrypts its members, and says so in the manifest."""
    return b"encryption-data" in _named(members, "META-INF/manifest.xml", budget)


def _danger_of_ole(octets: bytes) -> Danger | None:
    """By the names in its directory, wherever that lies: an entry begins with its name, on a multiple of its size."""
    if _OLE_INSTALLER in octets:
        return Danger.PROGRAM
    for names, danger in ((_OLE_ENCRYPTED, Danger.ENCRYPTED), (_OLE_MACROS, Danger.MACROS)):
        if any(_has_entry(octets, name) for name in names):
            return danger
    return None


def _has_entry(octets: bytes, name: bytes) -> bool:
    place = octets.find(name)
    while place >= 0:
        if place % _DIRECTORY_ENTRY == 0 and not octets[place + len(name) : place + _NAME_ROOM].strip(b"\x00"):
            return True
        place = octets.find(name, place + 2)
    return False
