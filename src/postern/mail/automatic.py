"""Is this mail a person's? Headers first, then its shape; for every answer the sign is named.

Swallowing a person's answer is worse than letting a robot's pass once: loops are also counted. So a mail is automatic only

* by a sign that is CERTAIN: Auto-Submitted auto-replied or auto-notified; an autoresponder's own field or name; Precedence
  auto_reply; an empty reverse path; a mailer-daemon; a delivery report, abuse report, receipt or calendar answer by its media
  type; a subject that only programs write; our own marks;
* by one that helpdesks misuse, BUT FOR HELPDESKS: Auto-Submitted with any other keyword, the fields of mailing lists. They
  count where no helpdesk's stamp (``signs/helpdesks.py``) stands in the mail;
* by two of different weight that prove nothing alone: X-Auto-Response-Suppress or an X-Loop (SILENCE), Precedence bulk, list or
  junk (PRECEDENCE), List-Unsubscribe (TO MANY), a campaign's field (CAMPAIGN), From no-reply@ or postmaster@ (AUTHOR), a
  subject about absence or failure (SUBJECT), "request received" (ACKNOWLEDGES), a report among the parts (ENCLOSED).
  SILENCE proves nothing beside PRECEDENCE or TO MANY: many a helpdesk puts them on an agent's answer. In a mail with a
  helpdesk's stamp the middle rows all count as SILENCE, so that only AUTHOR or ACKNOWLEDGES beside them makes it automatic.

No sign speaks for a person, but for that stamp. It decides nothing about the mail: what is recognised is kept, and shown.
"""

from itertools import combinations

from postern.mail.letter import Reading
from postern.mail.signs import fields, helpdesks, own, shape
from postern.mail.signs.fields import signs_of_fields
from postern.mail.signs.helpdesks import is_from_helpdesk
from postern.mail.signs.own import NOTICE_FIELD, signs_of_own
from postern.mail.signs.shape import signs_of_shape
from postern.mail.signs.sign import Sign, Weight
from postern.mail.signs.subjects import signs_of_subject
from postern.model.automatic import Automatic, AutomaticKind
from postern.model.envelope import Envelope

__all__ = ["FIELDS", "NOTICE_FIELD", "Automatic", "AutomaticKind", "recognise"]

FIELDS = fields.FIELDS | helpdesks.FIELDS | own.FIELDS | shape.FIELDS  # what is asked of the header

_MOST_TELLING = tuple(AutomaticKind)
_NOTHING_TOGETHER = (frozenset({Weight.SILENCE, Weight.PRECEDENCE}), frozenset({Weight.SILENCE, Weight.TO_MANY}))
_COUNTS_ONLY_ALONE = frozenset({Weight.CERTAIN, Weight.BUT_FOR_HELPDESKS, Weight.HINT})
_SET_BY_HELPDESKS = frozenset(
    {
        Weight.BUT_FOR_HELPDESKS,
        Weight.PRECEDENCE,
        Weight.TO_MANY,
        Weight.CAMPAIGN,
        Weight.SUBJECT,  # an agent answers under the customer's
        Weight.ENCLOSED,  # and passes things on
    }
)


def recognise(reading: Reading, envelope: Envelope) -> Automatic | None:
    """What kind of automatic mail this is, and by which sign; None for a person's."""
    signs = (
        *signs_of_own(reading, envelope),
        *signs_of_fields(reading.headers),
        *signs_of_shape(reading, envelope),
        *signs_of_subject(reading.letter.subject),
    )
    if not signs:
        return None
    deciding = _deciding(signs, from_helpdesk=is_from_helpdesk(reading.headers, reading.message_id))
    return _named(deciding, signs) if deciding else None


def _deciding(signs: tuple[Sign, ...], *, from_helpdesk: bool) -> tuple[Sign, ...]:
    """The sign, or the two, by which the mail is automatic; the first of several."""
    enough = {Weight.CERTAIN} if from_helpdesk else {Weight.CERTAIN, Weight.BUT_FOR_HELPDESKS}
    alone = sorted((sign for sign in signs if sign.weight in enough), key=_telling)
    if alone:
        return (alone[0],)
    weighed: dict[Weight, Sign] = {}
    for sign in signs:
        weight = Weight.SILENCE if from_helpdesk and sign.weight in _SET_BY_HELPDESKS else sign.weight
        if weight not in _COUNTS_ONLY_ALONE:
            weighed.setdefault(weight, sign)
    for pair in combinations(weighed, 2):
        if frozenset(pair) not in _NOTHING_TOGETHER:
            return weighed[pair[0]], weighed[pair[1]]
    return ()


def _named(deciding: tuple[Sign, ...], signs: tuple[Sign, ...]) -> Automatic:
    """Called by the most telling of all its signs, which need not be the one that decided."""
    telling = min(signs, key=_telling)
    words = dict.fromkeys(sign.words for sign in (*deciding, telling))
    return Automatic(telling.kind, "; ".join(words))


def _telling(sign: Sign) -> int:
    return _MOST_TELLING.index(sign.kind)
