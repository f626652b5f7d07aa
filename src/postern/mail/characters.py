"""Characters that a reader does not see, or that break a line: what every piece of text is freed from.

It refuses nothing and changes no visible letter.
"""

import re

# Letters without a width (soft hyphen, zero-width spaces and joiners, fillers, variation selectors, tags). Someone who copies
# "a<ZWSP>nn@mail.test" out of a mail, or a program that normalises it, has the address.
INVISIBLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufff8\U000e0000-\U000e0fff"
)

_CONTROLS = bytes((*range(9), *range(11, 32), 127))
_HIGH_CONTROLS = re.compile(rb"\xc2[\x80-\x9f]")  # U+0080 to U+009F in UTF-8
_SURROGATE = re.compile("[\ud800-\udfff]")
_BIDI_OVERRIDES = re.compile("[\u202a-\u202e\u2066-\u2069]")  # "exe.fdp" shown as "pdf.exe"
_OTHER_TURNING = re.compile("[\u202a-\u202e\u2066\u2067]")  # all of these but the isolates that ``say`` puts around a field
_BREAKING_OF_OURS = re.compile("(?:[^\\S\u00a0\u202f]|[\x00-\x1f\x7f-\x9f\u2028\u2029])+")  # French keeps its colon on the line
_LINE_BREAKING = re.compile("[\\s\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def clean(text: str) -> str:
    """Text of several lines: LF line ends, tabs kept, no other control character, no lone surrogate."""
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    try:
        octets = text.encode()  # searched through much faster than letters are
    except UnicodeEncodeError:
        octets = _SURROGATE.sub("\ufffd", text).encode()
    octets = octets.translate(None, _CONTROLS)
    return (_HIGH_CONTROLS.sub(b"", octets) if b"\xc2" in octets else octets).decode()


def one_line(text: str) -> str:
    """Text of one line: every break, control and run of spaces is one space, and nothing turns the direction of reading."""
    if text.isascii():
        if text.isprintable() and "  " not in text:
            return text.strip()
    else:
        text = _BIDI_OVERRIDES.sub("", _SURROGATE.sub("\ufffd", text))
    return _LINE_BREAKING.sub(" ", text).strip()


def said_line(sentence: str) -> str:
    """The same of a sentence that ``say`` made: the isolates around its fields stay, and spaces that do not break."""
    return one_line(sentence) if sentence.isascii() else _BREAKING_OF_OURS.sub(" ", _OTHER_TURNING.sub("", sentence)).strip()
