"""What a file is: by its first octets and its inner structure. Its name and its label never make it more than it is, only less.

A file that is two things at once is the more dangerous of them.
"""

import re
from enum import StrEnum, auto

from postern.mail.files import bmp, heif
from postern.mail.letter import Attachment
from postern.mail.reading.file_names import extension_of
from postern.model.limits import Limits


class Kind(StrEnum):
    """Every kind of file that is treated in a way of its own."""

    JPEG = auto()
    PNG = auto()
    GIF = auto()
    WEBP = auto()
    TIFF = auto()
    BMP = auto()
    HEIF = auto()
    PDF = auto()
    ZIP = auto()  # an archive, or a document in one
    TEXT = auto()
    CALENDAR = auto()
    TNEF = auto()
    MAIL = auto()
    SIGNED = auto()  # S/MIME, the mail inside its signature
    ENCRYPTED_MAIL = auto()
    OLE = auto()  # documents of Office before 2007, and all that is encrypted by it since
    PROGRAM = auto()
    PAGE = auto()
    OTHER = auto()


_PROGRAMS = (
    b"MZ",  # Windows
    b"\x7fELF",
    b"\xca\xfe\xba\xbe",  # Java, Mac of several kinds
    b"\xfe\xed\xfa\xce",
    b"\xfe\xed\xfa\xcf",
    b"\xce\xfa\xed\xfe",
    b"\xcf\xfa\xed\xfe",
    b"\x00asm",
    b"dex\n",
    b"#!",
    b"\xef\xbb\xbf#!",
    b"L\x00\x00\x00\x01\x14\x02\x00",  # a shortcut of Windows
    b"ITSF",  # compiled help
    b"conectix",  # a disk
    b"vhdxfile",
    b"\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d",  # OneNote, which carries programs
    b"[InternetShortcut]",
    b"[Desktop Entry]",
    b"Windows Registry Editor",
    b"REGEDIT4",
    b"!<arch>",
    b"\xed\xab\xee\xdb",  # a package
)
_DISK = (0x8001, b"CD001")
_SIGNATURES: tuple[tuple[bytes, Kind], ...] = (
    (b"\xff\xd8\xff", Kind.JPEG),
    (b"\x89PNG\r\n\x1a\n", Kind.PNG),
    (b"GIF87a", Kind.GIF),
    (b"GIF89a", Kind.GIF),
    (b"II*\x00", Kind.TIFF),
    (b"MM\x00*", Kind.TIFF),
    (b"PK\x03\x04", Kind.ZIP),
    (b"PK\x05\x06", Kind.ZIP),
    (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", Kind.OLE),
    (b"\x78\x9f\x3e\x22", Kind.TNEF),
    (b"BEGIN:VCALENDAR", Kind.CALENDAR),
    (b"-----BEGIN PGP MESSAGE-----", Kind.ENCRYPTED_MAIL),
    (b"{\\rtf", Kind.OTHER),
    (b"BEGIN:VCARD", Kind.OTHER),
    (b"-----BEGIN ", Kind.OTHER),  # keys, signatures, certificates
)
_SNIFFED = 1_024  # octets in which a reader looks for a page's first tag or a PDF's first line
_PAGE = re.compile(
    rb"(?:\xef\xbb\xbf)?\s*(?>(?:<!--.{0,900}?-->|<\?xml.{0,900}?\?>)\s*)*+<(?:!doctype|html|head|body|script|svg|iframe|style|title|a\s|"
    rb"img|table|div|h1|br|p[\s>]|font|b>|meta|link|base|object|embed|form|input|xsl:|[a-z]{1,9}:(?:html|svg|script|stylesheet)\b)",
    re.IGNORECASE | re.DOTALL,
)
_XML = re.compile(rb"(?:\xef\xbb\xbf)?\s*<\?xml\b", re.IGNORECASE)
_ACTIVE_XML = re.compile(
    rb"<\s*(?:[a-z0-9_-]{1,20}:)?script\b|/xhtml\b|2000/svg|xml-stylesheet|<!entity|javascript:|mso-application",
    re.IGNORECASE,
)
_ALL_FIELDS = re.compile(rb"(?:[!-9;-~]{1,70}:[^\n]*\n(?:[ \t][^\n]*\n)*){2}")

PROGRAM_EXTENSIONS = frozenset(
    {
        ".ade", ".adp", ".apk", ".app", ".appx", ".appxbundle", ".application", ".bash", ".bat", ".cab", ".chm", ".class", ".cmd",
        ".com", ".command", ".cpl", ".csh", ".deb", ".desktop", ".diagcab", ".dll", ".dmg", ".exe", ".gadget", ".hlp", ".hta",
        ".img", ".inf", ".ins", ".iqy", ".iso", ".isp", ".jar", ".jnlp", ".js", ".jse", ".ksh", ".lib", ".lnk", ".mde", ".msc",
        ".msh", ".msi", ".msix", ".msixbundle", ".msp", ".mst", ".nsh", ".one", ".osd", ".php", ".pif", ".pkg", ".pl", ".prg",
        ".ps1", ".psc1", ".psd1", ".psm1", ".py", ".pyc", ".pyw", ".pyz", ".rb", ".reg", ".rpm", ".scf", ".scr", ".sct",
        ".sh", ".shb", ".shs", ".slk", ".sys", ".url", ".vb", ".vbe", ".vbp", ".vbs", ".vhd", ".vhdx", ".vxd", ".wasm",
        ".website", ".ws", ".wsc", ".wsf", ".wsh", ".xll", ".xnk", ".zsh",
    }
)  # fmt: skip
_PAGE_EXTENSIONS = frozenset({".htm", ".html", ".mht", ".mhtml", ".shtml", ".svg", ".svgz", ".xht", ".xhtml", ".xsl", ".xslt"})
_PAGE_TYPES = frozenset({"text/html", "application/xhtml+xml", "image/svg+xml", "text/javascript", "application/javascript"})
_REBUILT = frozenset({Kind.JPEG, Kind.PNG, Kind.GIF, Kind.WEBP, Kind.TIFF, Kind.BMP, Kind.HEIF, Kind.PDF})
TEXT_EXTENSIONS = (".txt", ".text", ".log", ".csv", ".tsv", ".md")
_TEXT_TYPES = frozenset({"text/plain", "text/csv", "text/tab-separated-values", "text/markdown"})
_MAIL_TYPES = frozenset({"message/rfc822", "message/global"})
_TELLING_TEXT = re.compile(rb"-----BEGIN |^BEGIN:V|^begin [0-7]{3} |^(?:Received|From|Return-Path): ?", re.MULTILINE)
_ENVELOPED = (b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x03", b"\x2a\x86\x48\x86\xf7\x0d\x01\x09\x10\x01\x17")  # RFC 5652, RFC 5083
_SIGNED_DATA = b"\x2a\x86\x48\x86\xf7\x0d\x01\x07\x02"
_OID_PLACE = 40  # octets in which a CMS structure says what it is


def kind_of(file: Attachment, limits: Limits) -> Kind:
    """The one kind of this file."""
    kind = _kind_by_content(file, limits)
    if kind in _REBUILT:
        return kind  # whatever it is called: it is built again as what it is, and named so
    if extension_of(file.file_name) in PROGRAM_EXTENSIONS:
        return Kind.PROGRAM
    if extension_of(file.file_name) in _PAGE_EXTENSIONS or file.media_type in _PAGE_TYPES:
        return Kind.PAGE
    return kind


def _kind_by_content(file: Attachment, limits: Limits) -> Kind:
    octets = file.content
    if _is_program(octets):
        return Kind.PROGRAM
    if _is_page(octets):
        return Kind.PAGE
    start = octets[:_SNIFFED]
    shown = start.lstrip(b"\xef\xbb\xbf \t\r\n")
    for signature, kind in _SIGNATURES:
        if start.startswith(signature) or (signature.isascii() and signature.isupper() and shown.startswith(signature)):
            return kind
    if b"%PDF-" in start:
        return Kind.PDF
    return _kind_by_structure(file) or _kind_of_mail(file, limits) or _kind_of_text(file)


def _is_program(octets: bytes) -> bool:
    place, mark = _DISK
    return octets.startswith(_PROGRAMS) or octets[place : place + len(mark)] == mark


def _is_page(octets: bytes) -> bool:
    start = _as_ascii(octets[:_SNIFFED])
    if _PAGE.match(start):
        return True
    return bool(_XML.match(start) and _ACTIVE_XML.search(_as_ascii(octets)))


def _as_ascii(octets: bytes) -> bytes:
    """UTF-16 and UTF-32 as a reader who knows them sees them."""
    if octets.startswith((b"\xff\xfe", b"\xfe\xff", b"\x00\x00\xfe\xff", b"<\x00", b"\x00<")):
        return octets.lstrip(b"\xff\xfe\x00").replace(b"\x00", b"")
    return octets


def _kind_by_structure(file: Attachment) -> Kind | None:
    octets = file.content
    if octets.startswith(b"RIFF") and octets[8:12] == b"WEBP":
        return Kind.WEBP
    if octets[4:8] == b"ftyp" and octets[8:12] in heif.BRANDS:
        return Kind.HEIF
    if octets.startswith(b"BM") and int.from_bytes(octets[14:18], "little") in bmp.HEADERS:
        return Kind.BMP
    if octets.startswith(b"0"):  # a DER sequence
        if any(name in octets[:_OID_PLACE] for name in _ENVELOPED):
            return Kind.ENCRYPTED_MAIL
        if _SIGNED_DATA in octets[:_OID_PLACE]:
            return Kind.SIGNED
    return None


def _kind_of_mail(file: Attachment, limits: Limits) -> Kind | None:
    """A mail has no signature: it must be called one, and begin with header fields."""
    if file.media_type in _MAIL_TYPES or extension_of(file.file_name) == ".eml":
        head = file.content[: limits.header_field].lstrip(b"\r\n").replace(b"\r\n", b"\n")
        return Kind.MAIL if _ALL_FIELDS.match(head) else Kind.OTHER
    return None


def _kind_of_text(file: Attachment) -> Kind:
    """Text has no signature either: it must be called text, and be nothing else."""
    called_text = file.media_type in _TEXT_TYPES or (
        file.media_type == "application/octet-stream" and extension_of(file.file_name) in TEXT_EXTENSIONS
    )
    if not called_text or _TELLING_TEXT.search(file.content) or _is_binary(file.content):
        return Kind.OTHER
    return Kind.TEXT


def _is_binary(octets: bytes) -> bool:
    return b"\x00" in octets
