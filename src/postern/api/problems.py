"""What the API says when it does not do what was asked: problems after RFC 9457, each with a code, a sentence and a remedy.

The reasons why a message does not pass are not repeated here: they come from the one catalogue in ``policy.reasons``. Nothing
here says how we are built, and no sentence repeats a value that was sent.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from postern.errors import PosternError
from postern.policy import reasons
from postern.policy.reasons import Reason

_FIELDS = re.compile(r"\{(\w+)\}")


@dataclass(frozen=True, slots=True)
class Problem:
    """One kind of problem: ``code`` is what programs compare, and the end of the URL of the page that explains it."""

    code: str
    status: int
    sentence: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Mistake:
    """One thing wrong with a body: where (a JSON pointer, RFC 6901, or a line), and what."""

    place: str | int
    sentence: str


class RefusedError(PosternError):
    """A call is answered with this problem."""

    def __init__(
        self,
        problem: Problem,
        detail: str = "",
        mistakes: tuple[Mistake, ...] = (),
        headers: Mapping[str, str] | None = None,
    ) -> None:
        super().__init__(problem.code)
        self.problem = problem
        self.detail = detail
        self.mistakes = mistakes
        self.headers = headers or {}


NO_KEY = Problem(
    "no_valid_key",
    401,
    "This call needs a key that is valid here.",
    "Send Authorization: Bearer with a key that `postern key create` made and that is neither revoked nor expired.",
)
NOT_ALLOWED = Problem(
    "scope_missing",
    403,
    "This key is not meant for this call.",
    "Use a key of the right holder (a seller, or the operator) with the scope that the call's description names.",
)
NOT_FOUND = Problem(
    "not_found",
    404,
    "There is nothing here, or nothing that this key may see.",
    "Check the name; what belongs to another seller is answered as if it did not exist.",
)
METHOD_NOT_ALLOWED = Problem(
    "method_not_allowed", 405, "This cannot be done here.", "Use one of the methods that the header Allow names."
)
TOO_SLOW = Problem("too_slow", 408, "The body did not arrive in time.", "Send it again; nothing was done.")
TOO_LARGE = Problem("body_too_large", 413, "The body is larger than this call takes.", "Send less in one call.")
WRONG_MEDIA_TYPE = Problem(
    "wrong_media_type",
    415,
    "The body is of a kind that this call does not take.",
    "Send the Content-Type that the call's description names, as UTF-8 and without Content-Encoding.",
)
BAD_JSON = Problem(
    "bad_json",
    400,
    "The body is no JSON that can be read in one way.",
    "Send UTF-8 without NaN, without keys that stand twice, and not nested deeper than anybody needs.",
)
BAD_QUERY = Problem(
    "bad_query",
    400,
    "The query of the URL cannot be understood.",
    "Use the parameters that the call's description names, each once.",
)
BAD_CURSOR = Problem(
    "bad_cursor",
    400,
    "This cursor was not made here for this list.",
    "Start again without a cursor, and pass on what `next` gives, unchanged and with the same filters.",
)
BAD_FIELDS = Problem(
    "bad_fields", 422, "Something in the body is not as it must be.", "Look at `errors`: each names a place and what is wrong."
)
BAD_FEED = Problem(
    "bad_feed",
    422,
    "A record cannot be taken, so none of them was.",
    "Look at `errors`, mend what they name, and send all of it again: what is known already changes nothing.",
)
NO_IDEMPOTENCY_KEY = Problem(
    "idempotency_key_missing",
    400,
    "What sends a message needs an Idempotency-Key.",
    "Send a fresh key of 8 to 100 printable ASCII characters, such as a UUID, and the same again when you repeat the call.",
)
ALREADY_REPORTED = Problem(
    "already_reported", 409, "This message was reported before.", "Nothing needs to be done: one report of a side is enough."
)
TOO_MANY_SENDERS = Problem(
    "too_many_unconfirmed",
    409,
    "So many addresses were added and have not confirmed that no more are taken.",
    "Remove some that will not confirm, or wait until they do.",
)
FROM_FEED = Problem(
    "listed_by_the_shop", 409, "The shop's feed lists this address, so it cannot be removed here.", "Take it away in the shop."
)
TOO_MANY_CALLS = Problem(
    "too_many_calls", 429, "This key made all the calls of this minute.", "Wait as long as Retry-After says."
)
NEEDED = Problem(
    "still_needed",
    409,
    "Buyers' mail still goes to this address, so it cannot be erased.",
    "Give the seller another customer_service_address first.",
)
OUR_FAULT = Problem(
    "our_fault",
    500,
    "Something went wrong on our side.",
    "Try again later; if it stays so, tell the operator the request_id.",
)
STORE_AWAY = Problem(
    "not_possible_now",
    503,
    "This is not possible right now; nothing was done.",
    "Try again as Retry-After says; it does no harm.",
)

ALL = (
    NO_KEY,
    NOT_ALLOWED,
    NOT_FOUND,
    METHOD_NOT_ALLOWED,
    TOO_SLOW,
    NEEDED,
    ALREADY_REPORTED,
    TOO_MANY_SENDERS,
    FROM_FEED,
    TOO_LARGE,
    WRONG_MEDIA_TYPE,
    BAD_JSON,
    BAD_QUERY,
    BAD_CURSOR,
    BAD_FIELDS,
    BAD_FEED,
    NO_IDEMPOTENCY_KEY,
    TOO_MANY_CALLS,
    OUR_FAULT,
    STORE_AWAY,
)


def status_of(reason: Reason) -> int:
    """How HTTP says that a message was not taken: what may pass later is told from what must be changed first."""
    if reason is reasons.DAILY_LIMIT_REACHED:
        return 429
    return 503 if 400 <= reason.status < 500 else 422  # noqa: PLR2004 - RFC 5321 4.2.1: 4xx is transient


def find_explained(code: str) -> tuple[str, str] | None:
    """The sentence and the remedy behind a code, of the API or of the rules; what is filled in for each mail is left open."""
    known: Iterable[Problem | Reason] = (*ALL, *reasons.ALL)
    found = next((one for one in known if one.code == code), None)
    return (_FIELDS.sub("…", found.sentence), _FIELDS.sub("…", found.remedy)) if found else None
