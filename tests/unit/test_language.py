import gettext
import struct
from collections.abc import Iterator
from pathlib import Path

import pytest

from postern import language
from postern.mail.quoting import own_words
from postern.mail.steps.history import cut_footers

SENTENCE = "{seller} writes to you."


def catalogue(pairs: dict[str, str]) -> bytes:
    """A compiled catalogue (GNU gettext's MO file, without its hash table)."""
    keys = sorted({"": "Content-Type: text/plain; charset=UTF-8\n", **pairs}.items())
    words = [text.encode() for pair in zip(*keys, strict=True) for text in pair]
    start = 28 + 8 * len(words)
    places = [(len(word), start + sum(len(one) + 1 for one in words[:number])) for number, word in enumerate(words)]
    head = struct.pack("<7I", 0x950412DE, 0, len(keys), 28, 28 + 8 * len(keys), 0, 0)
    return head + b"".join(struct.pack("<2I", *place) for place in places) + b"".join(word + b"\0" for word in words)


@pytest.fixture
def german(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    folder = tmp_path / "de" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "postern.mo").write_bytes(catalogue({SENTENCE: "{seller} schreibt Ihnen."}))
    monkeypatch.setattr(language, "_CATALOGUES", tmp_path)
    remembered = (language.wordings, language._catalogue, own_words._introductions)
    for function in remembered:
        function.cache_clear()
    yield
    monkeypatch.undo()
    for function in remembered:
        function.cache_clear()
    gettext._translations.clear()  # type: ignore[attr-defined]


@pytest.mark.usefixtures("german")
def test_our_words_are_known_in_every_language_that_we_speak() -> None:
    assert language.wordings(SENTENCE) == (SENTENCE, "{seller} schreibt Ihnen.")
    rule = "-" * 13
    text = f"Danke\n\n> Acme Books schreibt Ihnen.\n>\n> Guten Tag\n>\n> {rule} Markt {rule}\n>\n> x\n>\n> Thema: [pt-abc]\n"
    assert cut_footers(text) == "Danke\n\n>\n> Guten Tag\n>\n> Thema: [pt-abc]\n"


def test_a_sentence_without_a_translation_is_known_in_english() -> None:
    assert language.wordings("Nobody says this.") == ("Nobody says this.",)
