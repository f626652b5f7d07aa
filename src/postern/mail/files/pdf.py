"""PDF, built again from its pages: no author, history, embedded file, script or signature comes along.

qpdf (by pikepdf) reads and writes it: that is a field of its own. What it may spend is bounded first, for a small file can unpack
to a large one. A form keeps its fields and what is filled in; links to the web and within the document stay. Tags for screen
readers go: their texts are often the author's paths.
"""

import io
import re

import pikepdf
from pikepdf import Array, Dictionary, Name, Object, Pdf, Stream
from pikepdf.settings import set_qpdf_limits

from postern.mail.files import jpeg
from postern.mail.files.budget import Budget, UncleanError

# What the catalogue, a page and an annotation may say; whatever else they say is not passed on.
_CATALOGUE = frozenset(
    {"/Type", "/Pages", "/PageLayout", "/PageMode", "/Outlines", "/Names", "/Dests", "/AcroForm", "/OCProperties", "/PageLabels"}
)
_PAGE = frozenset(
    {"/Type", "/Parent", "/Resources", "/MediaBox", "/CropBox", "/BleedBox", "/TrimBox", "/ArtBox", "/Rotate", "/Contents",
     "/Group", "/Annots", "/UserUnit"}
)  # fmt: skip
_ANNOTATION = frozenset(
    {"/Type", "/Subtype", "/Rect", "/AP", "/AS", "/BS", "/BE", "/Border", "/C", "/IC", "/CA", "/QuadPoints", "/InkList", "/L",
     "/LE", "/Vertices", "/DA", "/Q", "/Contents", "/F", "/A", "/Dest", "/H", "/P", "/RD"}
)  # fmt: skip
_FIELD = frozenset({"/FT", "/T", "/Ff", "/V", "/DV", "/Kids", "/Parent", "/MK", "/MaxLen", "/Opt", "/TI", "/I"})
_ANNOTATIONS = frozenset(
    {"/Link", "/FreeText", "/Highlight", "/Underline", "/StrikeOut", "/Squiggly", "/Ink", "/Line", "/Square", "/Circle",
     "/Polygon", "/PolyLine", "/Stamp", "/Caret", "/Text", "/Widget"}
)  # fmt: skip
_FORM = frozenset({"/Fields", "/DR", "/DA", "/Q", "/NeedAppearances"})
# What no dictionary of any kind may say, wherever it stands.
_NEVER = frozenset(
    {"/Metadata", "/PieceInfo", "/LastModified", "/AA", "/JS", "/JavaScript", "/AF", "/EF", "/EmbeddedFiles", "/XFA", "/Thumb",
     "/StructParent", "/StructParents", "/StructTreeRoot", "/OPI", "/Ref", "/Alternates", "/Usage", "/Creator", "/SigFlags",
     "/OpenAction", "/Collection", "/FFilter", "/FDecodeParms", "/Measure", "/PtData", "/OutputIntents", "/Perms",
     "/CreationDate", "/ModDate", "/Author", "/Producer", "/Company", "/SourceModified"}
)  # fmt: skip
# What qpdf and pikepdf raise on octets that are no PDF, or hardly one.
BROKEN = (pikepdf.PikepdfError, ValueError, TypeError, KeyError, AttributeError, RuntimeError, OverflowError)
_WEB = re.compile(rb"(?:https?://|mailto:|tel:)[\x21-\x7e]*")
_STREAM = re.compile(rb">>\s{0,20}stream\r?\n")
_LOOKED_BACK = 2_000  # octets before a stream, in which its own dictionary stands
_PROTECTED_MAXIMUM = 20  # packed object streams of a protected document: their size is not known before
_BETWEEN = b" \n\r\t\f\x00/([<"  # one stands before each item of a list
_FEW = 10_000  # of these marks are in any file
_ITEMS_AN_OBJECT = 20
_QPDF_CONTAINER = 20_000  # items of one array or dictionary
_QPDF_MEMORY = 5_000_000  # octets of one stream that qpdf unpacks: objects, never pictures or text


def clean(octets: bytes, budget: Budget) -> bytes:
    """The pages alone. A document that only its owner's password protects is opened; one that asks its reader is not. What had to
    be mended is built twice: only then is the outcome as if it had been written whole.
    """
    _bound_qpdf()
    _check_packed_objects(octets, budget)
    rebuilt, was_mended = _rebuild(octets, budget)
    if was_mended:
        rebuilt, _ = _rebuild(rebuilt, budget)
    return rebuilt


def _rebuild(octets: bytes, budget: Budget) -> tuple[bytes, bool]:
    try:
        with pikepdf.open(io.BytesIO(octets), inherit_page_attributes=True) as document:
            if document.is_encrypted and octets.count(b"ObjStm") > _PROTECTED_MAXIMUM:
                raise UncleanError
            pages = len(document.pages)
            if len(document.objects) > budget.limits.pdf_objects or not pages:
                raise UncleanError
            _clean(document, budget)
            rebuilt = _saved(document)
            was_mended = bool(document.get_warnings())
    except BROKEN as error:
        raise UncleanError from error
    if _pages_of(rebuilt) != pages:
        raise UncleanError
    return rebuilt, was_mended


def _saved(document: Pdf) -> bytes:
    saved = io.BytesIO()
    document.save(
        saved,
        fix_metadata_version=False,
        preserve_pdfa=False,
        compress_streams=True,
        stream_decode_level=pikepdf.StreamDecodeLevel.none,
        object_stream_mode=pikepdf.ObjectStreamMode.generate,
        encryption=False,
        static_id=True,
    )
    return saved.getvalue()


def _pages_of(octets: bytes) -> int:
    """How many pages it has when nothing in it is mended; none if it does not open."""
    try:
        with pikepdf.open(io.BytesIO(octets), inherit_page_attributes=False, attempt_recovery=False) as document:
            return 0 if document.get_warnings() else len(document.pages)
    except BROKEN:
        return 0


def asks_for_a_password(octets: bytes) -> bool:
    """Whether nobody can read it who was not told the password."""
    if b"/Encrypt" not in octets:
        return False
    _bound_qpdf()
    try:
        with pikepdf.open(io.BytesIO(octets), inherit_page_attributes=False, attempt_recovery=False):
            return False
    except pikepdf.PasswordError:
        return True
    except BROKEN:
        return False


def _bound_qpdf() -> None:
    """Its limits hold for the process, and for every document in it."""
    set_qpdf_limits(
        flate_max_memory=_QPDF_MEMORY,
        max_stream_filters=2,
        doc_max_warnings=100,
        parser_max_nesting=100,
        parser_max_container_size=_QPDF_CONTAINER,
    )


def _check_packed_objects(octets: bytes, budget: Budget) -> None:
    """Unpack what qpdf would have to unpack to find its objects, within the budget."""
    _check_density(octets, budget)
    for number, found in enumerate(_STREAM.finditer(octets)):
        if number > budget.limits.pdf_objects:
            raise UncleanError
        begin = octets.rfind(b"obj", max(0, found.start() - _LOOKED_BACK), found.start())
        said = octets[begin : found.start()] if begin >= 0 else b"#"
        if b"ObjStm" in said or b"XRef" in said or b"#" in said:
            end = octets.find(b"endstream", found.end())
            packed = octets[found.end() : end if end >= 0 else len(octets)]
            _check_density(_unpack_quietly(packed, budget), budget)


def _check_density(octets: bytes, budget: Budget) -> None:
    """Few octets can name very many objects, and each costs. In what is packed, these marks stand only by chance."""
    most = budget.limits.pdf_objects
    marks = len(octets) - len(octets.translate(None, _BETWEEN))
    by_chance = len(octets) * 2 * len(_BETWEEN) // 256
    if octets.count(b" obj") > 2 * most or octets.count(b"<<") > 3 * most or marks > _ITEMS_AN_OBJECT * most + by_chance + _FEW:
        raise UncleanError


def _unpack_quietly(packed: bytes, budget: Budget) -> bytes:
    """What is packed here; nothing where it is broken, unless it had already become too much."""
    before = budget.octets
    try:
        return budget.inflate(packed)[0]
    except UncleanError:
        if budget.octets < 0 or before - budget.octets > _QPDF_MEMORY:
            raise
        return b""


def _clean(document: Pdf, budget: Budget) -> None:
    for key in set(document.trailer.keys()) - {"/Root", "/Size"}:
        del document.trailer[key]
    root = document.Root
    _keep(root, _CATALOGUE)
    if isinstance(root.get("/Names"), Dictionary):
        _keep(root.Names, {"/Dests"})
    if isinstance(root.get("/AcroForm"), Dictionary):
        _keep(root.AcroForm, _FORM)
    for page in document.pages:
        _keep(page.obj, _PAGE)
        _clean_annotations(page.obj)
    items = 0
    for thing in document.objects:
        items += _clean_object(thing, budget.limits.pdf_objects * _ITEMS_AN_OBJECT - items, budget)


def _keep(dictionary: Object, allowed: frozenset[str] | set[str]) -> None:
    for key in set(dictionary.keys()) - allowed:
        del dictionary[key]


def _clean_annotations(page: Object) -> None:
    annotations = page.get("/Annots")
    if not isinstance(annotations, Array):
        if annotations is not None:
            del page["/Annots"]
        return
    kept = [one for one in list(annotations) if isinstance(one, Dictionary) and str(one.get("/Subtype")) in _ANNOTATIONS]
    for one in kept:
        _keep(one, _ANNOTATION | _FIELD if one.get("/Subtype") == Name.Widget else _ANNOTATION)
    page.Annots = Array(kept)


def _clean_object(thing: Object, most: int, budget: Budget) -> int:
    """One indirect object, with all that stands directly inside it; says how many items that was."""
    if isinstance(thing, Stream):
        _clean_stream(thing, budget)
    waiting = [thing]
    items = 0
    while waiting:
        here = waiting.pop()
        items += 1 + _length(here)
        if items > most:
            raise UncleanError
        if isinstance(here, Dictionary | Stream):
            waiting += _inner(here)
        elif isinstance(here, Array):
            waiting += [one for one in list(here) if isinstance(one, Dictionary | Array) and not one.is_indirect]
    return items


def _length(thing: Object) -> int:
    if isinstance(thing, Dictionary | Stream):
        return len(thing.keys())
    return len(thing) if isinstance(thing, Array) else 0


def _inner(dictionary: Object) -> list[Object]:
    """What stands directly inside, after all that may not stand here is gone."""
    inner: list[Object] = []
    for key, value in list(dictionary.items()):
        if key in _NEVER:
            del dictionary[key]
        elif key == "/A":
            _put_action(dictionary, value)
        elif key == "/V" and isinstance(value, Dictionary):  # a signature, with its certificate
            del dictionary[key]
        elif isinstance(value, Dictionary | Array) and not value.is_indirect:
            inner.append(value)
    return inner


def _put_action(dictionary: Object, action: Object) -> None:
    """A link into the document or to the web; no other action, and none after it."""
    del dictionary["/A"]
    if not isinstance(action, Dictionary):
        return
    if action.get("/S") == Name.GoTo and action.get("/D") is not None:
        dictionary.A = Dictionary(S=Name.GoTo, D=action.D)
    elif action.get("/S") == Name.URI and isinstance(action.get("/URI"), pikepdf.String):
        address = bytes(action.URI)
        if _WEB.fullmatch(address):
            dictionary.A = Dictionary(S=Name.URI, URI=pikepdf.String(address))


def _clean_stream(stream: Stream, budget: Budget) -> None:
    """A photograph inside is cleaned like one that came by itself."""
    if "/F" in stream:
        raise UncleanError  # its content is another file
    if stream.get("/Subtype") != Name.Image:
        return
    kinds = _filters(stream)
    if "/DCTDecode" in kinds:
        if kinds[:-1] not in ([], ["/FlateDecode"]):
            raise UncleanError
        packed = stream.read_raw_bytes()
        picture = budget.inflate(packed)[0] if kinds[:-1] else packed
        stream.write(jpeg.clean(picture, budget), filter=Name.DCTDecode, decode_parms=_parameters(stream))
    elif "/JPXDecode" in kinds:
        if kinds != ["/JPXDecode"]:
            raise UncleanError
        stream.write(_only_codestream(stream.read_raw_bytes()), filter=Name.JPXDecode)


def _filters(stream: Stream) -> list[str]:
    filters = stream.get("/Filter")
    return [str(one) for one in (filters if isinstance(filters, Array) else [filters]) if one is not None]


def _parameters(stream: Stream) -> Dictionary | None:
    parameters = stream.get("/DecodeParms")
    if isinstance(parameters, Array):
        parameters = parameters[-1]
    return Dictionary(ColorTransform=parameters.ColorTransform) if parameters and "/ColorTransform" in parameters else None


def _only_codestream(octets: bytes) -> bytes:
    """JPEG 2000 (ISO 15444-1, annex I) without the boxes that hold XML and the like."""
    if octets.startswith(b"\xff\x4f\xff\x51"):
        return octets
    kept, place = [], 0
    while place + 8 <= len(octets):
        size, kind = int.from_bytes(octets[place : place + 4], "big"), octets[place + 4 : place + 8]
        size = int.from_bytes(octets[place + 8 : place + 16], "big") if size == 1 else size or len(octets) - place
        if size < 8:  # noqa: PLR2004 - a box's own header
            raise UncleanError
        if kind in (b"jP  ", b"ftyp", b"jp2h", b"jp2c"):
            kept.append(octets[place : place + size])
        place += size
    return b"".join(kept)
