"""Every sentence a person reads, in that person's language: how it is said, how days and amounts are written, and how many of the
sentences each language has.
"""

from postern.language.catalogues import DEFAULT_LANGUAGE, direction, known_languages, name_of, spoken
from postern.language.sentences import Phrase, phrase, say, say_count, say_date, say_moment, say_money, say_number, wordings

__all__ = [
    "DEFAULT_LANGUAGE",
    "Phrase",
    "direction",
    "known_languages",
    "name_of",
    "phrase",
    "say",
    "say_count",
    "say_date",
    "say_moment",
    "say_money",
    "say_number",
    "spoken",
    "wordings",
]
