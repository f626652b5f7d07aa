"""One address as a pattern: all that may stand for each of its letters, and all that may stand between them.

Patterns are made once for each address and kept. Every repetition in them is possessive or short, so that no text makes one slow.
"""

import hashlib
import re
import unicodedata
from functools import lru_cache

from postern.mail.characters import INVISIBLE
from postern.mail.lookalikes import LIGATURES, spelled_by

# What people write for the signs of an address, perhaps in brackets: "ann [at] mail (dot) test", "ann_at_mail.test".
_ATS = "at|ät|arroba|arobas|arobase|chiocciola|klammeraffe|apenstaartje|snabela|malpa|собака|эт"
_DOTS = "dot|punkt|punto|point|ponto|punt|piste|kropka|tečka|nokta|точка"
_DASHES = "dash|hyphen|minus|bindestrich|guion|tiret"
_UNDERSCORES = "underscore|unterstrich"
_OPEN, _CLOSE = r"[\[({«]", r"[\])}»]"
SIGN_OF: dict[str, str] = {
    word: sign for sign, words in (("@", _ATS), (".", _DOTS), ("-", _DASHES), ("_", _UNDERSCORES)) for word in words.split("|")
}

_GAP = rf"(?:[\s>{INVISIBLE}]|<[^<>]*+>|&(?:amp;)*+(?:gt|nbsp);|%(?:25)*+(?:20|3[eE]|0[aAdD9]))*+"
_WORDS = {"@": _ATS, ".": _DOTS, "_": _UNDERSCORES, "-": _DASHES}
_IPV4 = re.compile(r"(?:[0-9]{1,3}\.){3}[0-9]{1,3}")
_WORD = re.compile(r"[^\W_]+")
_NEVER_PART_OF_A_WORD = 8  # characters of a host's name or a local part; nothing shorter is looked for inside words
_NEVER_PART_OF_A_NUMBER = 11  # characters of an IP address; a shorter one may be the beginning of a longer
DOTS_MEAN_NOTHING = ("gmail.com", "googlemail.com")  # whose local parts mean the same with dots and without


@lru_cache(maxsize=2_000)
def forms_of(plain: str) -> tuple[str, ...]:
    """The folded forms in which it may stand: as it is, with its domain in letters of its language, and each from right to
    left.
    """
    straight = dict.fromkeys((plain, _in_letters(plain)))
    return (*straight, *(form[::-1] for form in straight))


def _in_letters(plain: str) -> str:
    """The domain as people read it (RFC 5890), not as DNS does."""
    if "xn--" not in plain:
        return plain
    local_part, at, domain = plain.rpartition("@")
    try:
        return local_part + at + unicodedata.normalize("NFC", domain.encode("ascii").decode("idna")).lower()
    except UnicodeError:
        return plain


@lru_cache(maxsize=2_000)
def octet_forms_of(plain: str) -> tuple[bytes, ...]:
    """The same in UTF-8."""
    return tuple(form.encode() for form in forms_of(plain))


@lru_cache(maxsize=2_000)
def hidden_forms(plain: str) -> tuple[bytes, ...]:
    """What programs put into links for it: its octets and its digests in hexadecimal digits."""
    octets = plain.encode()
    digests = (hashlib.new(name, octets, usedforsecurity=False).hexdigest() for name in ("md5", "sha1", "sha256"))
    return tuple(form.encode() for form in (octets.hex(), *digests))


@lru_cache(maxsize=2_000)
def words_of(plain: str) -> tuple[bytes, ...]:
    """Its words in UTF-8."""
    return tuple(word.encode() for word in _WORD.findall(plain))


@lru_cache(maxsize=100)  # each is large
def pattern_of(plain: str) -> re.Pattern[str]:
    """Finds any spelling of it in a text whose entities and percent signs are undone (``coded.uncode``)."""
    whole = "|".join(_pattern(form) for form in forms_of(plain))
    if "@" in plain:
        return re.compile(whole)
    if _IPV4.fullmatch(plain) and len(plain) < _NEVER_PART_OF_A_NUMBER:
        return re.compile(rf"(?:(?<![0-9])|(?<=%[0-9A-Fa-f][0-9]))(?:{whole})(?![0-9])")
    if len(plain) >= _NEVER_PART_OF_A_WORD:
        return re.compile(whole)
    before = r"(?:(?<![0-9A-Za-z])|(?<=%[0-9A-Fa-f][0-9A-Fa-f]))"
    return re.compile(rf"{before}(?:{whole})(?![0-9A-Za-z])")


def _pattern(form: str) -> str:
    pieces: list[str] = []
    place = 0
    at = form.rfind("@")
    dots_mean_nothing = form.endswith(tuple(f"@{domain}" for domain in DOTS_MEAN_NOTHING))
    while place < len(form):
        if place == at:
            pieces.append(rf"(?:\+[^\s@<>]{{1,64}}?)?{_GAP}")
        width, piece = _piece(form, place)
        pieces.append(piece)
        place += width
        if dots_mean_nothing and place < at:
            pieces.append(r"\.?+")
        if place < len(form):
            pieces.append(_GAP)
    return "".join(pieces)


def _piece(form: str, place: int) -> tuple[int, str]:
    """The pattern of one letter, or of the letters that a ligature may stand for."""
    for letters in _LIGATURES_BY_LENGTH:
        if form.startswith(letters, place):
            one_by_one = _GAP.join(_letter(letter) for letter in letters)
            others = "".join(one for one, plain in LIGATURES.items() if plain == letters)
            return len(letters), f"(?:{one_by_one}|[{others}])"
    return 1, _letter(form[place])


_LIGATURES_BY_LENGTH = sorted(set(LIGATURES.values()), key=lambda letters: (-len(letters), letters))


@lru_cache(maxsize=500)
def _letter(letter: str) -> str:
    if letter.isalnum():
        return f"[{re.escape(spelled_by(letter))}]" if letter.isascii() else _foreign(letter)
    signs = f"[{re.escape(spelled_by(letter))}]"
    if letter in _WORDS:
        words = rf"{_OPEN}?+{_GAP}(?:(?i:{_WORDS[letter]})|{signs}){_GAP}{_CLOSE}?+"
        return f"(?:{signs}|_*+-?+{words}-?+_*+)"
    return rf"(?:{signs}|&(?:amp;)*+#?[0-9A-Za-z]{{2,7}};|%(?:25)*+{ord(letter):02X})" if letter in "&/%'*=?^`{|}~!#$" else signs


def _foreign(letter: str) -> str:
    both = (letter, letter.upper(), *(unicodedata.normalize("NFD", one) for one in (letter, letter.upper())))
    return f"(?:{'|'.join(dict.fromkeys(map(re.escape, both)))})"
