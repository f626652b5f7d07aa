"""The many spellings of one address, and how to find and replace them.

A reader, or the program that reads for him, undoes entities (``&#64;``), percent signs (``%40``), full-width and look-alike
letters, zero-width spaces, capitals, line breaks, quote marks and tags in between, "ann at mail dot test", base64 and letters
in reverse. So text is *folded*: all of that is undone at once, and the address is looked for in what remains; that is quick,
and says whether it is there. Only then a pattern of the address, with all that may stand for and between its letters, is put to
the text itself.

What has no @ (a host, an IP address, a name) is a word: it is found only where no longer word or number holds it. Riddles are
not undone: they are a matter of policy (``contact_details.py``).
"""

import re
from collections.abc import Iterable, Iterator, Sequence

from postern.mail.base64_runs import decoded_runs, is_text
from postern.mail.coded import uncode, undo
from postern.mail.folding import GAPS, LOWER, fold_octets, places
from postern.mail.marks import TAG, split_tags
from postern.mail.patterns import (
    DOTS_MEAN_NOTHING,
    SIGN_OF,
    hidden_forms,
    octet_forms_of,
    pattern_of,
    words_of,
)

_NULS_AND_GAPS = b"\x00" + GAPS
_BARE = LOWER[:128] + b"?" * 128  # small letters, and nothing foreign
_HEXADECIMAL = bytes(ord("x") if code in b"0123456789abcdef" else ord(" ") for code in range(256))
_DIGEST = b"x" * 32  # the shortest digest in hexadecimal digits
_WORD = re.compile(r"[^\W\d_]+")
_AROUND_SIGNS = b"[](){}<>_-\"'"
_BETWEEN_WORDS = 20  # folded letters, where an address is spelled out
_LETTER = 4  # octets at most
_FEW, _MANY = 20, 1_000  # places of one word; around many a text is not looked through piece by piece
_PRINTABLE_OCTETS = bytes(ord("x") if code in b"\t\n\r" or 0x20 <= code <= 0x7E else ord(" ") for code in range(256))  # noqa: PLR2004
_STRETCH = b"x" * 6

Spellings = Sequence[tuple[str, str]]
Pair = tuple[str, str]


def present(text: str, spellings: Spellings, *, markup: bool = False) -> list[Pair]:
    """Those of the pairs whose first stands in the text in any spelling, longest first."""
    return _present_in(text.encode("utf-8", "replace"), spellings, markup=markup)


def _present_in(octets: bytes, spellings: Spellings, *, markup: bool = False) -> list[Pair]:
    found: set[Pair] = set()
    for shown in _shown(octets, markup=markup):
        folded = fold_octets(shown)
        found.update(_in_folded(folded, octets, spellings))
        found.update(_spelled_out(folded, shown, spellings))
        for _, _, decoded in decoded_runs(shown):
            found.update(_in_folded(fold_octets(decoded), decoded, spellings))
    return sorted(found, key=lambda pair: (-len(pair[0]), pair)) if found else []


def _shown(octets: bytes, *, markup: bool) -> tuple[bytes, ...]:
    """What is looked through: in markup, the words without the tags between them and the tags without the words between them."""
    if b"<" not in octets:
        return (octets,)
    pieces = split_tags(octets.decode("utf-8", "replace"))
    words = "".join(pieces[::2]).encode("utf-8", "replace")
    return words, (" ".join(pieces[1::2]).encode("utf-8", "replace") if markup else octets)


def _in_folded(folded: bytes, octets: bytes, spellings: Spellings) -> Iterator[Pair]:
    """A word may have been cut out of a longer one by folding; whether it was, the text itself says."""
    hashed = len(folded) >= len(_DIGEST) and _DIGEST in folded.translate(_HEXADECIMAL)
    signed = b"@" in folded
    for pair in spellings:
        plain = pair[0]
        if "@" in plain:
            if signed and (_holds(folded, octet_forms_of(plain)) or _holds_variant(folded, plain)):
                yield pair
                continue
        elif _holds(folded, octet_forms_of(plain)):
            if pattern_of(plain).search(uncode(octets.decode("utf-8", "replace"))):
                yield pair
            continue
        if hashed and _holds(folded, hidden_forms(plain)):
            yield pair


def _holds(folded: bytes, forms: Iterable[bytes]) -> bool:
    for form in forms:  # noqa: SIM110 - a generator here would cost more than the search
        if form in folded:
            return True
    return False


def _holds_variant(folded: bytes, plain: str) -> bool:
    """``ann+shop@mail.test``, and the dots that Gmail does not mind, are the same mailbox."""
    domain = plain.rpartition("@")[2]
    if (b"+" not in folded and domain not in DOTS_MEAN_NOTHING) or f"@{domain}".encode() not in folded:
        return False
    return pattern_of(plain).search(folded.decode("utf-8", "replace")) is not None


def _spelled_out(folded: bytes, shown: bytes, spellings: Spellings) -> Iterator[Pair]:
    """The addresses that stand there with "at", "dot" and their like for signs, whatever stands around these."""
    likely = [pair for pair in spellings if "@" in pair[0] and _has_words(folded, pair[0])]
    if likely:
        words = undo(shown.decode("utf-8", "replace"))
        if any(map(words.lower().__contains__, SIGN_OF)):
            words = _WORD.sub(_sign_for, words)
        spoken = _unbracketed(fold_octets(words.encode("utf-8", "replace")))
        yield from (pair for pair in likely if _holds(spoken, map(_unbracketed, octet_forms_of(pair[0]))))


def _has_words(folded: bytes, plain: str) -> bool:
    """Whether its words stand there in order and near each other: looked for around the longest of them, the rarest if that
    stands there often.
    """
    words = words_of(plain)
    for word in words:
        if word not in folded:
            return False
    sought = max(words, key=len, default=b"")
    if not sought or folded.count(sought) > _FEW:
        sought = min(words, key=folded.count, default=b"")
        if not sought or folded.count(sought) > _MANY:
            return _in_order(folded, words)
    room = len(b"".join(words)) + len(words) * _BETWEEN_WORDS * (1 if folded.isascii() else _LETTER)
    around = (folded[max(0, place - room) : place + room] for place in places(folded, sought))
    return any(_follow(near, words) and _in_order(near, words) for near in around)


def _follow(folded: bytes, words: Sequence[bytes]) -> bool:
    """Whether each of the words stands behind the one before, however far."""
    place = 0
    for word in words:
        found = folded.find(word, place)
        if found < 0:
            return False
        place = found + len(word) + 1
    return True


def _in_order(folded: bytes, words: Sequence[bytes]) -> bool:
    """Whether the words stand in one line of it in this order, each at most twenty letters behind the one before."""
    return any(_in_line(line, [word.decode() for word in words]) for line in folded.decode("utf-8", "replace").split("\n"))


def _in_line(line: str, words: Sequence[str]) -> bool:
    ends: set[int] | None = None  # of the words so far; None before the first
    for word in words:
        starts = _starts(line, word)
        near = (start for start in starts if ends is None or any(start - gap in ends for gap in range(1, _BETWEEN_WORDS + 1)))
        ends = {start + len(word) for start in near}
        if not ends:
            return False
    return True


def _starts(line: str, word: str) -> Iterator[int]:
    """Where a word begins, also within itself."""
    start = line.find(word)
    while start >= 0:
        yield start
        start = line.find(word, start + 1)


def _sign_for(word: re.Match[str]) -> str:
    return SIGN_OF.get(word[0].lower(), word[0])


def _unbracketed(folded: bytes) -> bytes:
    octets = folded.translate(None, _AROUND_SIGNS)
    return octets if octets.isascii() else octets.replace("\u00ab".encode(), b"").replace("\u00bb".encode(), b"")


def replace(text: str, spellings: Spellings, *, markup: bool = False) -> tuple[str, int]:
    """Put the second of each pair where any spelling of the first (lower case) stands, longest first; and say how often.

    In markup, tags that stood inside an address are kept behind its replacement, so that the HTML stays balanced.
    """
    octets, total = _replace_plain(text.encode("utf-8", "surrogatepass"), spellings)
    found = _present_in(octets, spellings, markup=markup)
    if found:
        octets, count = _replace_decoded(octets, found)
        total += count
    if found or total:
        text = octets.decode("utf-8", "surrogatepass")
    if found:
        text = uncode(text)
    for plain, replacement in found:
        text, count = _replace_spelled(text, plain, replacement, markup=markup)
        total += count
    return text, total


def _replace_plain(octets: bytes, spellings: Spellings) -> tuple[bytes, int]:
    """The frequent case: what is sought as it is, in any case of letters."""
    total = 0
    lower = octets.lower()
    for plain, replacement in sorted(spellings, key=lambda pair: -len(pair[0])):
        sought = plain.encode()
        if sought not in lower:
            continue
        if "@" in plain:
            octets, count = _with(replacement.encode(), octets, len(sought), list(places(lower, sought)))
        else:
            text, count = pattern_of(plain).subn(_literally(replacement), octets.decode("utf-8", "surrogatepass"))
            octets = text.encode("utf-8", "surrogatepass")
        lower, total = octets.lower(), total + count
    return octets, total


def _with(replacement: bytes, octets: bytes, width: int, starts: Sequence[int]) -> tuple[bytes, int]:
    """The octets with so many of them exchanged from each of these places on."""
    ends = (0, *(start + width for start in starts))
    return replacement.join(octets[end:start] for end, start in zip(ends, (*starts, len(octets)), strict=True)), len(starts)


def _replace_decoded(octets: bytes, spellings: Spellings) -> tuple[bytes, int]:
    """Base64 that says an address is replaced as a whole."""
    pieces: list[bytes] = []
    count = position = 0
    for start, end, decoded in decoded_runs(octets):
        hit = next(_in_folded(fold_octets(decoded), decoded, spellings), None) if start >= position else None
        if hit:
            pieces += (octets[position:start], hit[1].encode())
            position, count = end, count + 1
    return b"".join((*pieces, octets[position:])), count


def _replace_spelled(text: str, plain: str, replacement: str, *, markup: bool) -> tuple[str, int]:
    """Every spelling. In markup a tag is one whole: the pattern is put into it, but never across its edge."""
    pattern = pattern_of(plain)
    for form in (form.decode() for form in hidden_forms(plain)):
        if form in text.lower():
            text = re.sub(form, _literally(replacement), text, flags=re.IGNORECASE)
    if not markup:
        return pattern.subn(_literally(replacement), text)
    count = 0

    def put(match: re.Match[str]) -> str:
        nonlocal count
        if match.lastgroup == "tag":
            inside, more = pattern.subn(_literally(replacement), match[0][1:-1])
            count += more
            return f"<{inside}>"
        count += 1
        return replacement + "".join(TAG.findall(match[0]))

    return re.sub(rf"(?P<tag>{TAG.pattern})|{pattern.pattern}", put, text), count


def _literally(replacement: str) -> str:
    """As ``re`` takes what it shall not interpret."""
    return replacement.replace("\\", r"\\")


def present_in_octets(octets: bytes, spellings: Spellings) -> list[Pair]:
    """Those that a file of any kind shows: in its printable stretches, in UTF-16, and as UTF-8 if it is that.

    Addresses are also looked for octet by octet with the gaps left out; words are not, for then numbers run together.
    """
    bare = octets.translate(_BARE, _NULS_AND_GAPS)
    found = [pair for pair in spellings if "@" in pair[0] and _holds(bare, octet_forms_of(pair[0]))]
    texts = [b"\n".join(_stretches(octets))]
    if b"\0" in octets:
        texts.append(b"\n".join(_stretches(octets.replace(b"\0", b""))))
    if not octets.isascii() and is_text(octets):
        texts.append(octets)
    return list(dict.fromkeys((*found, *(pair for text in texts if text for pair in _present_in(text, spellings)))))


def _stretches(octets: bytes) -> Iterator[bytes]:
    """Each run of six or more printable octets, found several times as quick as by a pattern where most octets are no text."""
    letters = octets.translate(_PRINTABLE_OCTETS)
    place = letters.find(_STRETCH)
    while place >= 0:
        end = letters.find(b" ", place)
        end = len(octets) if end < 0 else end
        yield octets[place:end]
        place = letters.find(_STRETCH, end)
