"""Which languages lack a contact reason's words: sentences without a translation, or an operator's file without a language."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from postern.language import DEFAULT_LANGUAGE, known_languages
from postern.language.catalogues import open_sentences
from postern.model.contact_reason import ContactReason, Wording


@dataclass(frozen=True, slots=True)
class Untranslated:
    """What one language lacks of one reason: the keys of its file."""

    language: str
    reason: str
    keys: tuple[str, ...]


def find_untranslated(reasons: Iterable[ContactReason]) -> Iterator[Untranslated]:
    """In the order of languages and reasons."""
    listed = tuple(reasons)
    for language in known_languages():
        if language == DEFAULT_LANGUAGE:
            continue
        sentences = open_sentences(language)
        for reason in listed:
            keys = tuple(
                key for key, words in _sentences(reason.wording) if sentences.gettext(words) == words and _has_words(words)
            )
            if reason.own_wordings:
                keys = () if {language, language.partition("-")[0]} & reason.own_wordings.keys() else (f"text.{language}",)
            if keys:
                yield Untranslated(language, reason.code, keys)


def _sentences(wording: Wording) -> Iterator[tuple[str, str]]:
    yield "title", wording.title
    yield "use_when", wording.use_when
    yield "text", wording.text
    yield from ((f"label of {name}", label) for name, label in wording.labels.items())


def _has_words(text: str) -> bool:
    """Whether there is anything to translate beside variables."""
    bare = text
    while "{" in bare:
        before, _, rest = bare.partition("{")
        bare = before + rest.partition("}")[2]
    return any(letter.isalpha() for letter in bare)
