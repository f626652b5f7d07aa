"""How many of the sentences each language has: measured at ``postern.pot``, which lists them all."""

import gettext
import json
import re
from dataclasses import dataclass

from postern.language import catalogues
from postern.language.catalogues import DEFAULT_LANGUAGE, known_languages, name_of

_ENTRY = re.compile(r'^msgid ((?:".*"\n)+)', re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Coverage:
    """One language: how many sentences there are, and those that it says in English."""

    language: str
    name: str
    sentences: int
    missing: tuple[str, ...]

    @property
    def percent(self) -> int:
        """Rounded down, so that 100 means all."""
        return 100 * (self.sentences - len(self.missing)) // max(self.sentences, 1)


class _Missing(gettext.NullTranslations):
    """Answers for a catalogue what it does not hold."""

    def gettext(self, message: str) -> str:  # noqa: ARG002 - gettext's own signature
        return ""


def measure() -> tuple[Coverage, ...]:
    """Every language but English."""
    sentences = all_sentences()
    return tuple(_measured(language, sentences) for language in known_languages() if language != DEFAULT_LANGUAGE)


def all_sentences() -> tuple[str, ...]:
    """Everything there is to say, in English; of what is counted, the form for one."""
    template = (catalogues.CATALOGUES / "postern.pot").read_text("utf-8")
    entries = ("".join(map(json.loads, match[1].splitlines())) for match in _ENTRY.finditer(template))
    return tuple(entry for entry in entries if entry)  # the empty one is the header


def _measured(language: str, sentences: tuple[str, ...]) -> Coverage:
    catalogue = catalogues.open_sentences(language)
    catalogue.add_fallback(_Missing())
    missing = tuple(sentence for sentence in sentences if not catalogue.gettext(sentence))
    return Coverage(language, name_of(language), len(sentences), missing)
