"""Always a text part: out of the clean HTML where the author's program wrote none (R22)."""

from dataclasses import replace

from postern.mail.letter import Draft, Passage
from postern.mail.plain import plain


def make_text_twin(draft: Draft, _passage: Passage) -> Draft:
    """The step."""
    letter = draft.letter
    if letter.html and not (letter.text and letter.text.strip()):
        return draft.but(replace(letter, text=plain(letter.html)))
    return draft
