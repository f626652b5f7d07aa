"""How the desk says times, states and sizes. Every sentence is in its reader's language."""

from datetime import datetime, timedelta

from postern.language import say
from postern.model.response import DUE_SOON, Standing
from postern.model.thread import MessageState
from postern.model.view import View
from postern.policy.reasons import Cause

_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_KILO = 1_000
_SHORT_DAYS = 2
_LONG_HOURS = 10  # from which minutes do not matter


def duration(language: str, span: timedelta) -> str:
    """``35 min``, ``2 h 10 min``, ``3 d``: as much as one needs at a glance."""
    seconds = max(0, int(span.total_seconds()))
    if seconds < _HOUR:
        return say(language, "{minutes} min", minutes=seconds // _MINUTE)
    hours, minutes = seconds // _HOUR, seconds % _HOUR // _MINUTE
    if hours >= _SHORT_DAYS * 24:
        return say(language, "{days} d", days=seconds // _DAY)
    if hours >= _LONG_HOURS:
        return say(language, "{hours} h", hours=hours)
    return say(language, "{hours} h {minutes} min", hours=hours, minutes=minutes)


def time_left(language: str, due_at: datetime, now: datetime) -> tuple[str, str]:
    """The badge of what waits: its words, and how much they press (``calm``, ``soon``, ``over``)."""
    left = due_at - now
    if left <= timedelta(0):
        return say(language, "Overdue {time}", time=duration(language, -left)), "over"
    return say(language, "{time} left", time=duration(language, left)), "soon" if left <= DUE_SOON else "calm"


def state_words(language: str, state: MessageState) -> tuple[str, str]:
    """Where a seller's message stands (R15), and whether that is well (``good``, ``wait``, ``bad``)."""
    words = {
        MessageState.QUEUED: (say(language, "On its way"), "wait"),
        MessageState.DELIVERED: (say(language, "Delivered"), "good"),
        MessageState.FAILED: (say(language, "Could not be delivered"), "bad"),
        MessageState.BOUNCED: (say(language, "Came back"), "bad"),
        MessageState.HELD: (say(language, "Held"), "wait"),
        MessageState.BLOCKED: (say(language, "Blocked: the buyer opted out"), "bad"),
        MessageState.REFUSED: (say(language, "Refused"), "bad"),
        MessageState.EXPIRED: (say(language, "Held too long, not delivered"), "bad"),
        MessageState.ABSORBED: (say(language, "Automatic, not sent on"), "wait"),
        MessageState.DROPPED: (say(language, "Taken out of the queue"), "bad"),
        MessageState.ERASED: (say(language, "Erased with its buyer"), "wait"),
    }
    return words[state]


def view_name(language: str, view: View) -> str:
    """As it stands in the list of views (R17)."""
    names = {
        View.RESPONSE_NEEDED: say(language, "Response needed"),
        View.DUE_SOON: say(language, "Due soon"),
        View.OVERDUE: say(language, "Overdue"),
        View.WAITING: say(language, "Waiting for buyer"),
        View.SENT: say(language, "Sent"),
        View.NOT_DELIVERED: say(language, "Not delivered"),
        View.REPORTED: say(language, "Reported"),
        View.DRAFTS: say(language, "Drafts"),
        View.ALL: say(language, "All"),
    }
    return names[view]


def nothing_here(language: str, view: View) -> str:
    """What an empty view says."""
    words = {
        View.RESPONSE_NEEDED: say(language, "Nothing needs a response."),
        View.DUE_SOON: say(language, "Nothing is due within four hours."),
        View.OVERDUE: say(language, "Nothing is overdue."),
        View.WAITING: say(language, "No buyer owes you an answer."),
        View.SENT: say(language, "Nothing was sent yet."),
        View.NOT_DELIVERED: say(language, "Everything that was sent could be delivered."),
        View.REPORTED: say(language, "You have reported nothing."),
        View.DRAFTS: say(language, "No answer was begun and not sent."),
        View.ALL: say(language, "There are no messages yet."),
    }
    return words[view]


def standing_words(language: str, standing: Standing) -> str:
    """Why a message counts, or does not, in the figures (R29)."""
    words = {
        Standing.OPEN: say(language, "Open for less than 24 hours: in no rate yet"),
        Standing.OVERDUE: say(language, "Open for 24 hours or longer: counts as no response"),
        Standing.ANSWERED: say(language, "Answered within 24 hours"),
        Standing.LATE: say(language, "Answered after more than 24 hours: counts as late"),
        Standing.EXEMPT: say(language, "Marked as needing no response: does not count"),
        Standing.REPORTED: say(language, "Reported: does not count"),
    }
    return words[standing]


def cause_words(language: str, cause: Cause) -> tuple[str, str]:
    """What happened, and what to do next. The particulars of a refusal long past are not kept with the message."""
    try:
        return cause.sentence(language), cause.remedy(language)
    except (KeyError, IndexError):
        return say(language, "A rule of the marketplace stopped it."), say(language, "The notice in your mail says what to do.")


def size_words(octets: int) -> str:
    """``12 kB``."""
    if octets < _KILO * _KILO:
        return f"{max(1, round(octets / _KILO))} kB"
    return f"{octets / _KILO / _KILO:.1f} MB"
