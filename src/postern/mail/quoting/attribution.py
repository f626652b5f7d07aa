"""The line above a quotation that says who wrote it and when ("On Monday Ann <ann@mail.test> wrote:"), in any of our languages.

It is recognised by a word of a language *and* a date or an address, or by what follows it; a sentence that only sounds like one
is left alone. Bounded: at most four rows, at most so many letters.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from postern.mail.quoting.calendar import DATE_WORDS
from postern.mail.quoting.rows import Row
from postern.mail.quoting.tongues import AFTER_ALL, AROUND_ALL, LANGUAGES_OF, PRONOUNS, TONGUES

_LETTERS_MAXIMUM = 400
_ROWS_MAXIMUM = 4
_WRAPPED_AT = 50  # columns: no program breaks shorter lines
_NAME_WORDS = 9

_FAR_EAST = "\u3040-\u30ff\u3400-\u9fff\uac00-\ud7af"
_BREAKS = rf"\s<>()\[\]\"',;:、。，：；（）{_FAR_EAST}"  # no word goes on behind one
_TOKEN = re.compile(
    rf"(?P<address>[^@{_BREAKS}]{{1,100}}@[^@{_BREAKS}]{{1,255}})"
    rf"|(?P<number>[+-]?\d++(?:[.:/-]\d++)*+(?:st|nd|rd|th|am|pm|h\d{{0,2}})?(?![^\W\d_{_FAR_EAST}])|(?:gmt|utc)[+-]\d+(?::\d\d)?)"
    r"|(?P<ending>\((?:a|s|la|а|ла)\))"
    rf"|(?P<east>[{_FAR_EAST}]+)"
    rf"|(?P<word>[^\d{_BREAKS}]+)"
    r"|(?P<sign>\S)",
    re.IGNORECASE,
)
_EAST_DATE = re.compile(
    "(?:[年月日号號時时分秒于於在午前後上下凌晨早晚中周週星期一二三四五六火水木金土曜]|[년월일화수목금토시분에]|오전|오후|요일)+"
)
_EAST_VERB = re.compile("写道|寫道|写到|写了|書きました|書いた|のメール|のメッセージ|작성|씀|님이|님의")
_EAST_PRONOUN = re.compile("[我你您他她]们?")
_DATE = re.compile(
    r"\d{1,4}\s?[./-]\s?\d{1,2}\s?[./-]\s?\d{1,4}"
    r"|\d{1,4}\s?[年月년월]"
    r"|(?<!\d)(?:19|20|25)\d\d(?!\d)"
    r"|\d{1,2}[:.]\d\d"
)
_STOPS = " .-'’׳॰،,"
_ELLIPSIS = "..."
_DIGIT = re.compile(r"\d")
_SPLIT = re.compile(r"[\s<>()\[\]\"',;:、。，：；（）]+")


@dataclass(frozen=True, slots=True)
class Attribution:
    """The rows from ``first`` to before ``last``. ``before`` and ``after`` are its words around ``who``, a name or an address or
    both. It is certain if what follows must be a quotation even without marks.
    """

    first: int
    last: int
    before: str
    who: str
    after: str
    certain: bool


@dataclass(frozen=True, slots=True)
class _Sentence:
    """An attribution taken apart: where the name stands, and what else there is."""

    start: int
    end: int
    has_verb: bool
    has_date: bool
    has_address: bool
    name_words: int


def find_attribution(rows: Sequence[Row], place: int) -> Attribution | None:
    """The attribution that ends with this row, or None."""
    if not rows[place].words.endswith((":", "：")):
        return None
    found: Attribution | None = None
    words = ""
    for first in range(place, max(-1, place - _ROWS_MAXIMUM), -1):
        row = rows[first]
        if first < place and not _was_wrapped(row, rows[first + 1]):
            break
        words = f"{row.words} {words}".strip()
        if len(words) > _LETTERS_MAXIMUM:
            break
        sentence = _take_apart(words) if _may_attribute(words) else None
        if sentence and _is_meant(sentence, rows, first, place):
            who = words[sentence.start : sentence.end]
            certain = sentence.has_date and sentence.has_address and sentence.has_verb
            found = Attribution(first, place + 1, words[: sentence.start], who, words[sentence.end :], certain)
            if sentence.start > 0:  # it begins with the date: nothing of it stands further up
                break
    return found


def _may_attribute(words: str) -> bool:
    """A quick look: a verb of ours, or an address and a number."""
    if "@" in words and _DIGIT.search(words):
        return True
    return not LANGUAGES_OF.keys().isdisjoint(map(_bare, _SPLIT.split(words))) or _EAST_VERB.search(words) is not None


def _was_wrapped(row: Row, following: Row) -> bool:
    """Whether a program may have broken its line here."""
    next_word = following.words.partition(" ")[0]
    return row.depth == following.depth and bool(row.words) and len(row.words) + len(next_word) >= _WRAPPED_AT


def _is_meant(sentence: _Sentence, rows: Sequence[Row], first: int, place: int) -> bool:
    """Whether there is enough to be sure that a program wrote this."""
    quotes = _is_quoted_deeper(rows, place)
    inside = rows[first].depth > 0
    if sentence.name_words > _NAME_WORDS:
        return False
    if sentence.has_verb and sentence.has_address:
        return True
    if sentence.has_verb and sentence.has_date and sentence.start > 0:
        return quotes or inside
    if sentence.has_date and sentence.has_address:
        return quotes or inside
    return sentence.has_verb and quotes and sentence.name_words <= _NAME_WORDS // 2


def _is_quoted_deeper(rows: Sequence[Row], place: int) -> bool:
    depth = rows[place].depth
    following = next((row for row in rows[place + 1 : place + 8] if row.words), None)
    return following is not None and following.depth > depth


def _take_apart(words: str) -> _Sentence | None:
    """The one run of words that is neither date nor verb, if there is exactly one and nobody speaks for himself in it."""
    tokens = list(_TOKEN.finditer(words, 0, len(words) - 1))
    verbs = {_bare(token[0]) for token in tokens if token.lastgroup == "word"} & LANGUAGES_OF.keys()
    languages = {language for verb in verbs for language in LANGUAGES_OF[verb]}
    around = frozenset(word for name in languages for word in TONGUES[name].around | TONGUES[name].after) or AROUND_ALL
    after = frozenset(word for name in languages for word in TONGUES[name].after) or AFTER_ALL
    kinds = [_kind(token, around, verbs) for token in tokens]
    runs = [run for run in _runs(kinds) if _says_something(run, kinds, tokens, words)]
    kept = {place for run in runs for place in _trimmed(run, kinds, tokens, after, words)}
    names = [place for place in range(len(tokens)) if place not in kept]
    if not names or names != list(range(names[0], names[-1] + 1)):
        return None
    said = [tokens[place] for place in names]
    if any(_is_pronoun(token) for token in said):
        return None
    shown = " ".join(words[tokens[run[0]].start() : tokens[run[-1]].end()] for run in runs)
    return _Sentence(
        start=said[0].start(),
        end=said[-1].end(),
        has_verb=any(kinds[place] == "verb" for place in kept),
        has_date=_DATE.search(shown) is not None or _names_a_day(kept, kinds),
        has_address=any(token.lastgroup == "address" for token in said),
        name_words=sum(token.lastgroup in {"word", "east", "number"} for token in said),
    )


def _kind(token: re.Match[str], around: frozenset[str], verbs: set[str]) -> str:
    """What a token may be: number, day (a name of one, or of a month), around, verb, sign or name."""
    if token.lastgroup == "word":
        return _kind_of_word(token[0], around, verbs)
    if token.lastgroup == "east":
        return _kind_in_the_east(token[0])
    return {"number": "number", "sign": "sign", "ending": "sign"}.get(token.lastgroup or "", "name")


def _kind_of_word(word: str, around: frozenset[str], verbs: set[str]) -> str:
    bare = _bare(word)
    if bare in verbs:
        return "verb"
    if bare in DATE_WORDS:
        return "day"
    if not bare and word != _ELLIPSIS:
        return "sign"
    return "around" if bare in around else "name"


def _kind_in_the_east(letters: str) -> str:
    if _EAST_VERB.search(letters):
        return "verb"
    return "around" if _EAST_DATE.fullmatch(letters) else "name"


def _bare(word: str) -> str:
    return word.lower().strip(_STOPS)


def _is_pronoun(token: re.Match[str]) -> bool:
    return _bare(token[0]) in PRONOUNS or _EAST_PRONOUN.fullmatch(token[0]) is not None


def _runs(kinds: Sequence[str]) -> list[list[int]]:
    """The places of neighbours that are no name, without the signs at their borders that belong to one."""
    runs: list[list[int]] = [[]]
    for place, kind in enumerate(kinds):
        if kind == "name":
            runs.append([])
        else:
            runs[-1].append(place)
    return [run for run in runs if run]


def _says_something(run: Sequence[int], kinds: Sequence[str], tokens: Sequence[re.Match[str]], words: str) -> bool:
    """Whether a run has a date or a verb; else it is part of a name."""
    if any(kinds[place] == "verb" for place in run):
        return True
    return _DATE.search(words, tokens[run[0]].start(), tokens[run[-1]].end()) is not None or _names_a_day(run, kinds)


def _names_a_day(places: Sequence[int] | set[int], kinds: Sequence[str]) -> bool:
    found = {kinds[place] for place in places}
    return {"number", "day"} <= found


def _trimmed(
    run: list[int], kinds: Sequence[str], tokens: Sequence[re.Match[str]], after: frozenset[str], words: str
) -> list[int]:
    """A run without what belongs to the name beside it: brackets and quote marks, and small words behind a date."""
    kept = list(run)
    while kept and not _may_end(kept, kinds, tokens, after, words):
        kept.pop()
    if kept and kept[0] > 0:
        while kept and kinds[kept[0]] == "sign" and tokens[kept[0]][0] not in ",(":
            kept.pop(0)
    if kept and kept[-1] + 1 in run and tokens[kept[-1] + 1][0] in {",", "，", "、", "،", "]", ")"}:
        kept.append(kept[-1] + 1)
    return kept


def _may_end(
    kept: Sequence[int], kinds: Sequence[str], tokens: Sequence[re.Match[str]], after: frozenset[str], words: str
) -> bool:
    place = kept[-1]
    if place == len(kinds) - 1:
        return True
    match kinds[place]:
        case "number" | "verb":
            return True
        case "day":  # "On 23.11.2026, April wrote": there is a date without it
            return _DATE.search(words, tokens[kept[0]].start(), tokens[place].start()) is None
        case "around":
            return tokens[place].lastgroup == "east" or _bare(tokens[place][0]) in after
        case _:
            return tokens[place][0] in ")]" and any(kinds[other] == "number" for other in kept[-6:])
