"""Word, Excel and PowerPoint documents since 2007 (ECMA-376), written anew member by member from a list.

The words stay, and comments and tracked changes stay, by "Author". Properties, people, printers, histories, embedded files, bound
data and paths of the author's disk go. What is on neither list makes the document be withheld: nobody could vouch for it.
"""

import posixpath
import re
from xml.sax.saxutils import quoteattr

from postern.mail.files.budget import Budget, UncleanError
from postern.mail.files.pictures import clean_inner
from postern.mail.files.xml_rewriting import Rules, elements_of, rewrite
from postern.mail.files.zip_members import Member, write_archive

CONTENT_TYPES = "[Content_Types].xml"
_MAIN = re.compile(
    r"application/vnd\.openxmlformats-officedocument\."
    r"(wordprocessingml\.document|spreadsheetml\.sheet|presentationml\.(?:presentation|slideshow))\.main\+xml"
)
_FORMS = {"wo": ".docx", "sp": ".xlsx", "pr": ".pptx"}
_DRAWN = (
    r"charts/(?:chart|chartEx|style|colors)\d*|diagrams/(?:data|layout|quickStyle|colors|drawing)\d*|"
    r"theme/(?:theme|themeOverride)\d*"
)
_KEPT = re.compile(
    rf"word/(?:document\d*|styles|stylesWithEffects|settings|webSettings|fontTable|numbering|footnotes|endnotes|comments|header\d*|"
    rf"footer\d*|{_DRAWN})\.xml"
    rf"|xl/(?:workbook|styles|sharedStrings|metadata|calcChain|comments\d*|worksheets/sheet\d*|chartsheets/sheet\d*|tables/table\d*|"
    rf"drawings/drawing\d*|pivotTables/pivotTable\d*|pivotCache/pivotCache(?:Definition|Records)\d*|externalLinks/externalLink\d*|"
    rf"comments/comment\d*|{_DRAWN})\.xml"
    rf"|ppt/(?:presentation|presProps|viewProps|tableStyles|commentAuthors|comments/comment\d*|slides/slide\d*|"
    rf"slideLayouts/slideLayout\d*|slideMasters/slideMaster\d*|notesSlides/notesSlide\d*|notesMasters/notesMaster\d*|"
    rf"handoutMasters/handoutMaster\d*|drawings/drawing\d*|{_DRAWN})\.xml"
    rf"|(?:xl|ppt|word)/(?:drawings/)?(?:vmlDrawing|commentsDrawing|legacyDrawing)\d*\.vml",
    re.IGNORECASE,
)
_PICTURE = re.compile(r"(?:word|xl|ppt)/media/[\w.-]{1,100}\.(?:jpe?g|png|gif|tiff?|bmp|webp)", re.IGNORECASE)
_FONT = re.compile(r"(?:word|ppt|xl)/fonts/[\w-]{1,60}\.(?:odttf|fntdata)", re.IGNORECASE)
_RELATIONS = re.compile(r"(?:(.*)/)?_rels/([^/]*)\.rels")
_DROPPED = re.compile(
    r"docProps/.*|customXml/.*|customUI/.*|_xmlsignatures/.*|\[trash\]/.*|(?:word|xl|ppt)/(?:printerSettings/.*|customXml/.*|"
    r"embeddings/.*|people\.xml|persons/.*|threadedComments/.*|comments(?:Extended|Ids|Extensible)\.xml|revisionInfo\.xml|"
    r"changesInfos/.*|authors\.xml|comments/modernComment.*|revisions/.*|userNames\.xml|glossary/.*|tags/.*|media/[^/]*\.svg|"
    r"webextensions/.*|ctrlProps/.*|docMetadata/.*)|docMetadata/.*|thumbnail.*",
    re.IGNORECASE,
)

_W = ("http://schemas.openxmlformats.org/wordprocessingml/2006/main", "http://purl.oclc.org/ooxml/wordprocessingml/main")
_S = ("http://schemas.openxmlformats.org/spreadsheetml/2006/main", "http://purl.oclc.org/ooxml/spreadsheetml/main")
_P = ("http://schemas.openxmlformats.org/presentationml/2006/main", "http://purl.oclc.org/ooxml/presentationml/main")
_C = ("http://schemas.openxmlformats.org/drawingml/2006/chart", "http://purl.oclc.org/ooxml/drawingml/chart")
_A = ("http://schemas.openxmlformats.org/drawingml/2006/main", "http://purl.oclc.org/ooxml/drawingml/main")
_DRAWINGS = (
    "http://schemas.openxmlformats.org/drawingml/2006/spreadsheetDrawing",
    "http://purl.oclc.org/ooxml/drawingml/spreadsheetDrawing",
    *_P,
    *_A,
)
_PICTURES = (
    "http://schemas.openxmlformats.org/drawingml/2006/wordprocessingDrawing",
    "http://purl.oclc.org/ooxml/drawingml/wordprocessingDrawing",
    "http://schemas.openxmlformats.org/drawingml/2006/picture",
    "http://purl.oclc.org/ooxml/drawingml/picture",
)
_W14 = "http://schemas.microsoft.com/office/word/2010/wordml"
_W15 = "http://schemas.microsoft.com/office/word/2012/wordml"
_SVG = "http://schemas.microsoft.com/office/drawing/2016/SVG/main"
_X15 = "http://schemas.microsoft.com/office/spreadsheetml/2010/11/ac"
_XR = tuple(f"http://schemas.microsoft.com/office/spreadsheetml/{year}/revision{number}" for year, number in
            (("2014", ""), ("2015", "2"), ("2016", "3"), ("2016", "6"), ("2016", "9"), ("2016", "10")))  # fmt: skip
_OFFICE, _VML = "urn:schemas-microsoft-com:office:office", "urn:schemas-microsoft-com:vml"
_RSIDS = ("rsid", "rsidR", "rsidRPr", "rsidP", "rsidRDefault", "rsidDel", "rsidTr", "rsidSect")


def _in(namespaces: tuple[str, ...], *names: str) -> frozenset[tuple[str, str]]:
    return frozenset((namespace, name) for namespace in namespaces for name in names)


def _owning(
    namespaces: tuple[str, ...], *elements: str, **attributes: str | None
) -> dict[tuple[str, str], dict[str, str | None]]:
    """These attributes of these elements; ``any_id`` is ``id`` with any prefix."""
    changes = {name.replace("any_", "*:"): value for name, value in attributes.items()}
    return {one: changes for one in _in(namespaces, *elements)}  # noqa: C420 - they may share it: nobody changes it


_RULES = Rules(
    attributes={
        **dict.fromkeys(_in(_W, "author"), "Author"),
        **dict.fromkeys(_in(_W, "initials"), "A"),
        **dict.fromkeys(_in(_W, "date", "userId", "providerId", *_RSIDS)),
        **dict.fromkeys(_in(_XR, "uid", "documentId")),
        **dict.fromkeys(_in((_W14,), "paraId", "textId")),
        **dict.fromkeys(_in((_OFFICE,), "spid", "title", "href")),
    },
    own_attributes={
        **_owning(_P, "cmAuthor", name="Author", initials="A"),
        **_owning(_P, "cm", dt=None),
        **_owning(_S, "pivotCacheDefinition", refreshedBy=None, refreshedDate=None),
        **_owning(_S, "pageSetup", any_id=None),
        # The texts that stand in for pictures are often written by programs, and name the file on the author's disk.
        **_owning(_DRAWINGS, "cNvPr", "docPr", descr=None, title=None),
        **_owning(_PICTURES, "cNvPr", "docPr", descr=None, title=None, name="Picture"),
        **_owning((_VML,), "shape", "imagedata", "rect", alt=None, any_title=None, any_href=None),
    },
    texts=dict.fromkeys(_in(_S, "author"), "Author"),
    dropped=_in(
        _W, "rsids", "attachedTemplate", "docVars", "mailMerge", "saveThroughXslt", "dataBinding", "printerSettings", "subDoc"
    )
    | _in(_S, "fileSharing", "oleObjects", "controls", "customWorkbookViews", "webPublishing", "smartTagPr")
    | _in(_P, "custDataLst", "smtClean")
    | _in(_C, "externalData")
    | _in((_W14, _W15), "docId")
    | _in((_X15,), "absPath")
    | _in(_XR, "revisionPtr")
    | _in((_OFFICE,), "OLEObject")
    | _in((_SVG,), "svgBlip"),
    forbidden=_in(_W, "altChunk", "control")
    | _in(_S, "ddeLink", "oleLink", "connection", "webPr")
    | _in(_P, "oleObj", "control"),
)
_COMMENT_AUTHOR = re.compile(r"<(?:\w+:)?author>([^<]{1,200})</")
_COMMENT_AUTHORS_MAXIMUM = 100
_INSTRUCTION = re.compile(r"""<(?:\w+:)?instrText[^>]*>([^<]*)|\binstr=("[^"]*"|'[^']*')""")
_REACHING_OUT = re.compile(r"\bDDE(?:AUTO)?\b|[A-Za-z]:\\|\\\\\\\\|file:", re.IGNORECASE)


def form_of(content_types: bytes) -> str:
    """The extension of the document, by the type of its main part; empty for one that is not taken, such as a template."""
    found = _MAIN.search(content_types.decode("utf-8", "replace"))
    return _FORMS[found[1][:2]] if found else ""


def clean(members: list[Member], budget: Budget) -> tuple[bytes, str]:
    """The document, and the extension of its kind."""
    contents = {
        member.name: member.unpack(budget) for member in members if not member.is_folder and not _DROPPED.fullmatch(member.name)
    }
    form = form_of(contents.get(CONTENT_TYPES, b""))
    names = [member.name for member in members if member.name in contents]
    if not form or len(names) != len(contents) or len({name.lower() for name in names}) != len(names):
        raise UncleanError
    kept = {name for name in names if not _RELATIONS.fullmatch(name)}
    written = {name: _clean_member(name, contents[name], kept, budget) for name in names}
    known = {member.name: member for member in members}
    return write_archive((name, written[name], known[name]) for name in names if written[name]), form


def _clean_member(name: str, content: bytes, kept: set[str], budget: Budget) -> bytes:
    if name == CONTENT_TYPES:
        return _content_types(content, kept)
    if relations := _RELATIONS.fullmatch(name):
        source = posixpath.join(relations[1] or "", relations[2])
        return _relationships(content, relations[1] or "", kept) if source in kept or not relations[2] else b""
    if _PICTURE.fullmatch(name):
        return clean_inner(content, budget)
    if _FONT.fullmatch(name):
        return content
    if not _KEPT.fullmatch(name):
        raise UncleanError
    text = rewrite(content, _RULES, budget)
    _check_instructions(text)
    return _without_comment_authors(content, text) if "comments" in name.lower() else text


def _check_instructions(text: bytes) -> None:
    """A field may insert what lies on a disk, or start a program."""
    if b"instr" in text:
        found = "".join(text_of[1] or text_of[2] for text_of in _INSTRUCTION.finditer(text.decode("utf-8")))
        if _REACHING_OUT.search(found):
            raise UncleanError


def _without_comment_authors(before: bytes, after: bytes) -> bytes:
    """Excel begins each comment with its author's name."""
    names = dict.fromkeys(_COMMENT_AUTHOR.findall(before.decode("utf-8", "replace")))
    if len(names) > _COMMENT_AUTHORS_MAXIMUM:
        raise UncleanError
    for name in names:
        after = after.replace(f">{name}:".encode(), b">Author:")
    return after


_TYPE = re.compile(r"[\w.+-]{1,100}/[\w.+-]{1,150}")
_CONTENT_TYPES_SPACE = "http://schemas.openxmlformats.org/package/2006/content-types"
_RELATIONSHIPS_SPACE = "http://schemas.openxmlformats.org/package/2006/relationships"
_HEAD = '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>\n'


def _content_types(content: bytes, kept: set[str]) -> bytes:
    lines = []
    extensions = {posixpath.splitext(name)[1].lower() for name in kept} | {".rels"}
    for name, said in elements_of(content):
        kind = said.get("ContentType", "")
        if name == "Default" and f".{said.get('Extension', '').lower()}" in extensions and _TYPE.fullmatch(kind):
            lines.append(f"<Default Extension={quoteattr(said['Extension'])} ContentType={quoteattr(kind)}/>")
        elif name == "Override" and said.get("PartName", "/")[1:] in kept and _TYPE.fullmatch(kind):
            lines.append(f"<Override PartName={quoteattr(said['PartName'])} ContentType={quoteattr(kind)}/>")
    return f'{_HEAD}<Types xmlns="{_CONTENT_TYPES_SPACE}">{"".join(lines)}</Types>'.encode()


def _relationships(content: bytes, folder: str, kept: set[str]) -> bytes:
    """Those that lead to what is kept; those that lead out lead to the web, as links, or nowhere."""
    lines = []
    for name, said in elements_of(content):
        if name != "Relationship":
            continue
        number, kind, target = (said.get(key, "") for key in ("Id", "Type", "Target"))
        if said.get("TargetMode") == "External":
            target = target if kind.endswith("/hyperlink") and re.match(r"(?:https?://|mailto:|tel:)", target) else "about:blank"
            mode = ' TargetMode="External"'
            if kind.endswith(("/attachedTemplate", "/mailMergeSource", "/recipientData", "/subDocument")):
                continue
        else:
            path = target.lstrip("/") if target.startswith("/") else posixpath.normpath(posixpath.join(folder, target))
            mode = ""
            if path not in kept:
                continue
        lines.append(f"<Relationship Id={quoteattr(number)} Type={quoteattr(kind)} Target={quoteattr(target)}{mode}/>")
    return f'{_HEAD}<Relationships xmlns="{_RELATIONSHIPS_SPACE}">{"".join(lines)}</Relationships>'.encode()
