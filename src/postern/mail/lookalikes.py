"""Which ASCII letter a foreign character is read as: full-width, bold, circled and superscript letters, ligatures, dots and at
signs of other scripts, and the Cyrillic and Greek letters that look Latin. Plain tables, made once; it decides nothing.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping

from postern.mail.characters import INVISIBLE

# Where Unicode keeps characters that are ASCII in another dress (compatibility decompositions, UAX 15).
_RANGES = (
    (0x00A0, 0x0240),
    (0x02B0, 0x02E5),
    (0x1D00, 0x1DC0),
    (0x2000, 0x2190),
    (0x2460, 0x24FF),
    (0x3000, 0x3001),
    (0xFB00, 0xFB07),
    (0xFE50, 0xFE70),
    (0xFF01, 0xFFE7),
    (0x1D400, 0x1D800),
    (0x1F100, 0x1F150),
)
_BY_HAND = {
    "@": "\ufe6b\uff20",
    ".": "\u3002\uff0e\uff61\u2024\u2027\u00b7\u2022\u2219\u06d4\u0589\ua60e",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\ufe58",
    "_": "\u203f\u2017\uff3f",
}
_FOREIGN = re.compile("[^\x00-\x7f]+")
_ASCII = bytes(range(128))
FEW_LETTERS = 24  # are exchanged one after the other; more in one pass
_LATIN = "aceopxyhijsdqwkmtbvunrglz"
_CYRILLIC = (
    "\u0430\u0441\u0435\u043e\u0440\u0445\u0443\u04bb\u0456\u0458\u0455\u0501\u051b\u051d"
    "\u043a\u043c\u0442\u0432\u0475\u0446\u043f\u0433\u0261\u04cf\u0290"
)
_GREEK = {"α": "a", "ο": "o", "ν": "v", "ρ": "p", "ι": "i", "κ": "k", "τ": "t", "υ": "u", "χ": "x", "γ": "y", "η": "n", "ϲ": "c"}  # noqa: RUF001


def _made() -> dict[int, str]:
    table: dict[int, str] = {}
    for first, end in _RANGES:
        for code in range(first, end):
            plain = unicodedata.normalize("NFKC", chr(code)).lower()
            if plain.isascii() and plain.isprintable() and plain.strip():
                table[code] = plain
    for plain, others in _BY_HAND.items():
        table.update({ord(other): plain for other in others})
    return table


def _unseen() -> Iterator[int]:
    """The code points of ``INVISIBLE``, and of the spaces and line ends that are not ASCII's."""
    yield from (0x85, 0xA0, 0x1680, *range(0x2000, 0x200B), 0x2028, 0x2029, 0x202F, 0x205F, 0x3000)
    for first, last in re.findall(r"(.)(?:-(.))?", INVISIBLE, re.DOTALL):
        yield from range(ord(first), ord(last or first) + 1)


ASCII_OF: dict[int, str] = _made()
# The same, and nothing for what is not seen.
SHOWN: dict[int, str] = ASCII_OF | dict.fromkeys(_unseen(), "")

# Letters of other alphabets. Whole languages are written with them, so they are undone only where an address may stand.
CONFUSABLE: dict[int, str] = {ord(odd): plain for plain, odd in zip(_LATIN, _CYRILLIC, strict=True)}
CONFUSABLE.update({ord(odd): plain for odd, plain in _GREEK.items()})
CONFUSABLE.update({ord(chr(code).upper()): plain for code, plain in tuple(CONFUSABLE.items()) if len(chr(code).upper()) == 1})


def translated(text: str, table: Mapping[int, str]) -> str:
    """The text with what the table names (no ASCII, and ASCII in its place) exchanged; quick where few letters of it are."""
    odd = [one for one in foreign_letters(text.encode("utf-8", "replace")) if ord(one) in table]
    if len(odd) > FEW_LETTERS:
        return _FOREIGN.sub(lambda match: match[0].translate(table), text)
    for one in odd:
        text = text.replace(one, table[ord(one)])
    return text


def foreign_letters(octets: bytes) -> set[str]:
    """The letters of a text in UTF-8 that are not ASCII."""
    return set(octets.translate(None, _ASCII).decode("utf-8", "replace"))


def is_latin(text: str) -> bool:
    """Whether no other alphabet, and no combining character, stands in it."""
    try:
        text.encode("latin-1")
    except UnicodeEncodeError:
        return False
    return True


def spelled_by(letter: str) -> str:
    """Every character that is read as this one, itself in both cases first."""
    others = [chr(code) for table in (ASCII_OF, CONFUSABLE) for code, plain in table.items() if plain == letter]
    return "".join(dict.fromkeys((letter, letter.upper() if len(letter.upper()) == 1 else letter, *others)))


LIGATURES: dict[str, str] = {chr(code): plain for code, plain in ASCII_OF.items() if len(plain) > 1 and plain.isalpha()}
