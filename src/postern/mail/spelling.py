"""The many spellings of one address, and how to find and replace them.

A reader, or the program that reads for him, undoes entities (``&#64;``), percent signs (``%40``), full-width and look-alike
letters, zero-width spaces, capitals, line breaks, quote marks and tags in between, "ann at mail dot test", base64 and letters
in reverse. So text is *folded*: all of that is undone at once, and the address is looked for in what remains; that is quick,
and says whether it is there. Only then a pattern of the address, with all that may stand for and between its letters, is put to
the text itself.

What has no @ (a host, an IP address, a name) is a word: it is found only where no longer word or number holds it. Riddles are
not undone: they are a matter of policy (``contact_details.py``).
"""

import binascii
import re
import unicodedata
from collections.abc import Iterable, Iterator, Sequence

from postern.mail.coded import uncode, undo
from postern.mail.lookalikes import CONFUSABLE, SHOWN, is_latin, translated
from postern.mail.marks import TAG
from postern.mail.patterns import DOTS_MEAN_NOTHING, SIGN_OF, forms_of, hidden_forms, pattern_of, words_of

_GAPS = b" \t\n\r\v\f>"
_NULS_AND_GAPS = b"\x00" + _GAPS
_ROOM = 300  # more than the longest address
_NOTHING_FOREIGN = bytes(range(128)) + b"?" * 128
_CONFUSABLES = re.compile("[" + "".join(map(chr, CONFUSABLE)) + "]")
_COMBINING = re.compile("[\u0300-\u036f]")
_HEXADECIMAL = bytes(ord("x") if chr(code) in "0123456789abcdef" else ord(" ") for code in range(128)) + b" " * 128
_DIGEST = b"x" * 32  # the shortest digest in hexadecimal digits
_WORD = re.compile(r"[^\W\d_]+")
_AROUND_SIGNS = str.maketrans("", "", "[](){}<>_-«»\"'")
_PRINTABLE = re.compile(rb"[\t\n\r\x20-\x7e]{6,}")
_PRINTABLE_OCTETS = bytes(ord("x") if code in b"\t\n\r" or 0x20 <= code <= 0x7E else ord(" ") for code in range(256))  # noqa: PLR2004
_STRETCH = b"x" * 6
_LETTERS = r"[A-Za-z0-9+/_-]"
_BASE64 = re.compile(rf"{_LETTERS}++(?:[ \t]*+\n[ \t>]*+{_LETTERS}{{4,}}+)*+(?:=|%3[Dd])*+")
_BASE64_LETTERS = bytes(ord("x") if re.match(_LETTERS, chr(code)) else ord(" ") for code in range(128)) + b" " * 128
_RUN = b"x" * 12  # what is shorter holds no address
_FEWEST_LETTERS = 5  # different ones, in the base64 of any address
_FOR_LINKS = str.maketrans("-_", "+/")
_NOT_BASE64 = re.compile(r"[\s>=]+|%3[Dd]")

Spellings = Sequence[tuple[str, str]]


def fold(text: str) -> str:
    """The text without what a reader would undo: the form in which spellings are compared. All gaps are gone."""
    text = undo(text)
    if text.isascii():
        return text.lower().encode("ascii").translate(None, _GAPS).decode("ascii")
    foreign = not is_latin(text)
    if foreign and _COMBINING.search(text):
        text = unicodedata.normalize("NFC", text)
    text = translated(text, SHOWN).lower().encode("utf-8", "replace").translate(None, _GAPS).decode("utf-8")
    return f"{text}\n{_without_confusables(text)}" if foreign and _CONFUSABLES.search(text) else text


def _without_confusables(folded: str) -> str:
    """What stands around each at sign, in Latin letters."""
    spans = _merged((place - _ROOM, place + _ROOM) for place in _places(folded, "@"))
    return "\n".join(translated(folded[max(0, start) : end], CONFUSABLE) for start, end in spans)


def _merged(spans: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    """Spans in order; those that touch are one."""
    begin = end = -1
    for start, stop in spans:
        if end >= 0 and start > end:
            yield begin, end
            begin = start
        elif end < 0:
            begin = start
        end = stop
    if end >= 0:
        yield begin, end


def _spoken(text: str) -> str:
    """Folded, with "at", "dot" and their like as signs, and without what may stand around these."""
    return _unbracketed(fold(_WORD.sub(_sign_for, undo(text))))


def _sign_for(word: re.Match[str]) -> str:
    return SIGN_OF.get(word[0].lower(), word[0])


def _unbracketed(text: str) -> str:
    return text.translate(_AROUND_SIGNS)


def _shown(text: str, *, markup: bool) -> tuple[str, ...]:
    """What is looked through: in markup, the words without the tags between them and the tags without the words between them."""
    if "<" not in text:
        return (text,)
    return TAG.sub("", text), (" ".join(TAG.findall(text)) if markup else text)


def present(text: str, spellings: Spellings, *, markup: bool = False) -> list[tuple[str, str]]:
    """Those of the pairs whose first stands in the text in any spelling, longest first."""
    found = {pair for shown in _shown(text, markup=markup) for pair in _present(shown, text, spellings)}
    return sorted(found, key=lambda pair: (-len(pair[0]), pair))


def _present(shown: str, text: str, spellings: Spellings) -> Iterator[tuple[str, str]]:
    folded = fold(shown)
    yield from _in_folded(folded, text, spellings)
    likely = [pair for pair in spellings if "@" in pair[0] and _has_words(folded, pair[0])]
    if likely:
        spoken = _spoken(shown)
        yield from (pair for pair in likely if any(_unbracketed(form) in spoken for form in forms_of(pair[0])))
    for _, _, decoded in _decoded_runs(shown):
        yield from _in_folded(fold(decoded), decoded, spellings)


def _has_words(folded: str, plain: str) -> bool:
    words, near_each_other = words_of(plain)
    return all(word in folded for word in words) and near_each_other.search(folded) is not None


def _in_folded(folded: str, text: str, spellings: Spellings) -> Iterator[tuple[str, str]]:
    """A word may have been cut out of a longer one by folding; whether it was, the text itself says."""
    hashed = len(folded) >= len(_DIGEST) and _DIGEST in folded.encode("ascii", "replace").translate(_HEXADECIMAL)
    for pair in spellings:
        if any(form in folded for form in forms_of(pair[0])):
            if "@" in pair[0] or pattern_of(pair[0]).search(uncode(text)):
                yield pair
        elif (hashed and any(form in folded for form in hidden_forms(pair[0]))) or _is_variant(folded, pair[0]):
            yield pair


def _is_variant(folded: str, plain: str) -> bool:
    """``ann+shop@mail.test``, and the dots that Gmail does not mind, are the same mailbox."""
    _, at, domain = plain.rpartition("@")
    if not at or f"@{domain}" not in folded or ("+" not in folded and domain not in DOTS_MEAN_NOTHING):
        return False
    return pattern_of(plain).search(folded) is not None


def _decoded_runs(text: str) -> Iterator[tuple[int, int, str]]:
    """Where base64 stands that may hide an address, and what it says, read from each of four letters on."""
    known: dict[str, tuple[str, ...]] = {}  # rules and separators stand a thousand times in one text
    for run in _base64_runs(text):
        words = run[0]
        if words.islower() or words.isupper() or len(set(words)) < _FEWEST_LETTERS:
            continue  # a word, an alias or a rule: so many letters of text give both cases
        if words not in known:
            known[words] = tuple(_readings_of(words))
        for said in known[words]:
            yield run.start(), run.end(), said


def _readings_of(run: str) -> Iterator[str]:
    letters = _NOT_BASE64.sub("", run).translate(_FOR_LINKS)
    for skipped in range(4):
        octets = _decode(letters[skipped:]).replace(b"\0", b"")
        if b"@" in octets or _PRINTABLE.search(octets) or _is_text(octets):
            yield octets.decode("utf-8", "replace")


def _base64_runs(text: str) -> Iterator[re.Match[str]]:
    letters = text.encode("ascii", "replace").translate(_BASE64_LETTERS)  # one octet a character
    place = letters.find(_RUN)
    while place >= 0:
        run = _BASE64.match(text, place)
        if run is None:
            return
        yield run
        place = letters.find(_RUN, run.end())


def _is_text(octets: bytes) -> bool:
    try:
        octets.decode("utf-8")
    except UnicodeDecodeError:
        return False
    return True


def _decode(letters: str) -> bytes:
    whole = letters[: len(letters) - 1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(whole + "=" * (-len(whole) % 4))


def replace(text: str, spellings: Spellings, *, markup: bool = False) -> tuple[str, int]:
    """Put the second of each pair where any spelling of the first (lower case) stands, longest first; and say how often.

    In markup, tags that stood inside an address are kept behind its replacement, so that the HTML stays balanced.
    """
    total = 0
    lower = text.lower()
    for plain, replacement in sorted(spellings, key=lambda pair: -len(pair[0])):
        if plain in lower:
            text, count = _replace_plain(text, lower, plain, replacement)
            lower, total = text.lower(), total + count
    if not (found := present(text, spellings, markup=markup)):
        return text, total
    text, in_code = _replace_decoded(text, found)
    text = uncode(text)
    for plain, replacement in found:
        text, count = _replace_spelled(text, plain, replacement, markup=markup)
        total += count
    return text, total + in_code


def _replace_plain(text: str, lower: str, plain: str, replacement: str) -> tuple[str, int]:
    """The frequent case: the address as it is, in any case of letters."""
    if len(lower) != len(text):
        return text, 0  # a letter whose small form is two; the pattern will find it
    if "@" in plain:
        spans = [(place, place + len(plain)) for place in _places(lower, plain)]
    else:
        spans = [match.span() for match in pattern_of(plain).finditer(text)]
    return _cut(text, spans, replacement), len(spans)


def _places(text: str, wanted: str) -> Iterator[int]:
    place = text.find(wanted)
    while place >= 0:
        yield place
        place = text.find(wanted, place + len(wanted))


def _cut(text: str, spans: Sequence[tuple[int, int]], replacement: str) -> str:
    pieces: list[str] = []
    position = 0
    for start, end in spans:
        pieces += (text[position:start], replacement)
        position = end
    return "".join((*pieces, text[position:]))


def _replace_decoded(text: str, spellings: Spellings) -> tuple[str, int]:
    """Base64 that says an address is replaced as a whole."""
    pieces: list[str] = []
    count = position = 0
    for start, end, decoded in _decoded_runs(text):
        hit = next(_in_folded(fold(decoded), decoded, spellings), None) if start >= position else None
        if hit:
            pieces += (text[position:start], hit[1])
            position, count = end, count + 1
    return "".join((*pieces, text[position:])), count


def _replace_spelled(text: str, plain: str, replacement: str, *, markup: bool) -> tuple[str, int]:
    """Every spelling. In markup a tag is one whole: the pattern is put into it, but never across its edge."""
    pattern = pattern_of(plain)
    for form in hidden_forms(plain):
        if form in text.lower():
            text = re.sub(form, lambda _: replacement, text, flags=re.IGNORECASE)
    if not markup:
        return pattern.subn(lambda _: replacement, text)
    count = 0

    def put(match: re.Match[str]) -> str:
        nonlocal count
        if match.lastgroup == "tag":
            inside, more = pattern.subn(lambda _: replacement, match[0][1:-1])
            count += more
            return f"<{inside}>"
        count += 1
        return replacement + "".join(TAG.findall(match[0]))

    return re.sub(rf"(?P<tag>{TAG.pattern})|{pattern.pattern}", put, text), count


def _stretches(octets: bytes) -> Iterator[bytes]:
    """What ``_PRINTABLE`` finds, several times as quick in octets that are mostly no text."""
    letters = octets.translate(_PRINTABLE_OCTETS)
    place = letters.find(_STRETCH)
    while place >= 0:
        end = letters.find(b" ", place)
        end = len(octets) if end < 0 else end
        yield octets[place:end]
        place = letters.find(_STRETCH, end)


def present_in_octets(octets: bytes, spellings: Spellings) -> list[tuple[str, str]]:
    """Those that a file of any kind shows: in its printable stretches, in UTF-16, and as UTF-8 if it is that.

    Addresses are also looked for octet by octet with the gaps left out; words are not, for then numbers run together.
    """
    bare = octets.translate(_NOTHING_FOREIGN, _NULS_AND_GAPS).lower().decode("ascii")
    found = [pair for pair in spellings if "@" in pair[0] and any(form in bare for form in forms_of(pair[0]))]
    wide = octets.replace(b"\0", b"") if b"\0" in octets else b""
    texts = [b"\n".join(_stretches(view)).decode("ascii") for view in (octets, wide)]
    if not octets.isascii() and _is_text(octets):
        texts.append(octets.decode("utf-8"))
    return list(dict.fromkeys((*found, *(pair for text in texts if text for pair in present(text, spellings)))))
