"""Why a look-up in the DNS gave nothing that can be used."""

from enum import Enum


class Unanswered(Enum):
    """Why a look-up gave nothing that can be used."""

    NO_SUCH_NAME = "the name does not exist"
    NO_ANSWER_NOW = "the name servers gave no answer"
