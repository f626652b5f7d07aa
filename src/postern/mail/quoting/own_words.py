"""Our own words in what somebody quotes: the sentence above a message, the rules around it, the footer and the token below.

They are known by the rules' hyphens, and by our own sentences in every language that we speak. Whoever draws a rule like ours
keeps his words: only what stands between a rule and a token, or between our sentence and a rule, is ours.
"""

import re
from collections.abc import Iterator, Sequence
from functools import lru_cache

from postern.language import wordings
from postern.mail.marks import BEGIN_LINE, END_LINE, TOKEN_BEGINS, find_thread_tokens
from postern.mail.quoting.rows import Edit, Row

FOOTER_ROWS = 80  # our footer has fewer, even wrapped
BLOCK_ROWS = 40  # above a message: who wrote, which order
_SPACES = re.compile(r"\s+")
_FIELD = re.compile(r"\{\w+\}")
_TOKEN_ROWS = 4
_SENTENCE_ROWS = 4
_SENTENCE_LETTERS = 500
_TOKEN_LINE_LETTERS = 120

# Whatever compose.py says above a message, and in place of one.
_INTRODUCTIONS = (
    "{buyer} writes to you through {marketplace}.",
    "{seller} writes to you about order {order}.",
    "{seller} writes to you.",
)
_STAND_INS = ("(This message has no text, only attachments.)", "(This message has no text.)")


class OwnWords:
    """Where our own words stand in these rows. ``token`` is the thread's own: our footer says it again, so its line may go where
    nothing is quoted.
    """

    def __init__(self, rows: Sequence[Row], token: str = "") -> None:
        self.rows = rows
        self.token = token
        self._introduced: dict[int, int] = {}  # by the row where one of our sentences begins: where it ends

    def edits(self) -> list[Edit]:
        """The rows to take out, in order."""
        taken = sorted({number for span in self._spans() for number in span})
        return [Edit(number, number + 1) for number in taken]

    def _spans(self) -> Iterator[range]:
        rows = self.rows
        sentences: dict[int, range] = {}  # by depth, the last one seen
        tokens: set[str] = set()
        stand_ins = {sentence.strip() for one in _STAND_INS for sentence in wordings(one)}
        number = 0
        while number < len(rows):
            row = rows[number]
            following = number + 1
            if END_LINE.search(row.words):
                following = self._token_after(number)
                yield range(number, following)
                yield sentences.pop(row.depth, range(0))
            elif BEGIN_LINE.search(row.words):
                yield range(self._block_above(number), number + 1)
                sentences.pop(row.depth, None)
            elif "[" in row.words and TOKEN_BEGINS.search(row.words):
                following, token = self._read_token(number)
                if token and (token in tokens or (token == self.token and row.depth == 0)):
                    yield range(number, following)
                tokens.add(token)
            elif row.words in stand_ins:
                yield range(number, number + 1)
            elif end := self.introduction_at(number):
                sentences[row.depth] = range(number, end)
                following = end
            number = following

    def _token_after(self, number: int) -> int:
        """The row of the token below a rule, if it is near; else only the rule goes."""
        for place in range(number + 1, min(number + FOOTER_ROWS, len(self.rows))):
            words = self.rows[place].words
            if TOKEN_BEGINS.search(words):
                return place
            if END_LINE.search(words) or BEGIN_LINE.search(words):
                break
        return number + 1

    def _block_above(self, number: int) -> int:
        """The first row of what we say above a message."""
        depth = self.rows[number].depth
        start = number
        while start > 0 and number - start < BLOCK_ROWS and self.rows[start - 1].depth >= depth:
            start -= 1
            if self.introduction_at(start):
                return start
        if depth == 0 or (start > 0 and self.rows[start - 1].depth >= depth):
            return number  # without our sentence they may be the author's
        return start

    def _read_token(self, number: int) -> tuple[int, str]:
        """The token whose line begins here and where that ends; empty if the line says more."""
        words = ""
        for place in range(number, min(number + _TOKEN_ROWS, len(self.rows))):
            words += f" {self.rows[place].words}"
            if len(words) > _TOKEN_LINE_LETTERS:
                break
            if words.rstrip().endswith("]"):
                found = find_thread_tokens(words)
                return place + 1, found[0] if len(found) == 1 else ""
        return number + 1, ""

    def introduction_at(self, number: int) -> int:
        """Where our sentence ends that begins with this row; 0 if none does."""
        if number not in self._introduced:
            self._introduced[number] = self._find_introduction(number)
        return self._introduced[number]

    def _find_introduction(self, number: int) -> int:
        first = self.rows[number]
        if number and self.rows[number - 1].words and self.rows[number - 1].depth == first.depth:
            return 0  # ours is a paragraph of its own
        words = ""
        for place in range(number, min(number + _SENTENCE_ROWS, len(self.rows))):
            row = self.rows[place]
            if not row.words or row.depth != first.depth or len(words) + len(row.words) > _SENTENCE_LETTERS:
                break
            words += _SPACES.sub("", row.words)  # a sentence in Chinese is broken between any two letters
            if any(sign in words and sentence.fullmatch(words) for sign, sentence in _introductions()):
                return place + 1
        return 0


@lru_cache(maxsize=1)
def _introductions() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Our sentences in all languages, without spaces, with anything in their fields; before each the longest words in it."""
    found: list[tuple[str, re.Pattern[str]]] = []
    for wording in dict.fromkeys(wording for sentence in _INTRODUCTIONS for wording in wordings(sentence)):
        literals = _FIELD.split(_SPACES.sub("", wording))
        pattern = ".{1,200}".join(re.escape(literal) for literal in literals)
        found.append((max(literals, key=len), re.compile(pattern)))
    return tuple(found)
