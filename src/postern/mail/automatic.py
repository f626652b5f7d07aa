"""Is this mail a person's? Headers first, then its shape; for every answer the sign is named.

Swallowing a person's answer is worse than letting a robot's pass once: loops are also counted. So a mail is automatic only

* by a sign that is CERTAIN: Auto-Submitted auto-replied or auto-notified; an autoresponder's own field or name; Precedence
  auto_reply; an empty reverse path; a mailer-daemon; a delivery report, abuse report, receipt or calendar answer by its media
  type; a subject that only programs write; our own marks;
* by one that helpdesks misuse, BUT FOR HELPDESKS: Auto-Submitted with any other keyword, the fields of mailing lists. They
  count where no helpdesk's stamp (``signs/helpdesks.py``) stands in the mail;
* by two that prove nothing alone, in a pair of ``_TOGETHER``: X-Auto-Response-Suppress or an X-Loop (SILENCE), Precedence bulk,
  list or junk (PRECEDENCE), List-Unsubscribe (TO MANY), a campaign's field (CAMPAIGN), From no-reply@ (NO REPLY) or postmaster@
  (SERVER), a subject about failed delivery (TOPIC) or that says "request received" (ACKNOWLEDGES), a report among the parts
  (ENCLOSED). SILENCE with PRECEDENCE or TO MANY is no pair: many a helpdesk puts them on an agent's answer. Where a helpdesk's
  stamp stands, the fields all count as SILENCE, and subject and parts as nothing, for an agent answers under the customer's.

No sign speaks for a person, but for that stamp. It decides nothing about the mail: what is recognised is kept, and shown.
"""

from collections.abc import Mapping
from itertools import combinations, product

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
_FIELDS = (Weight.SILENCE, Weight.PRECEDENCE, Weight.TO_MANY, Weight.CAMPAIGN)
_TOGETHER = frozenset(
    frozenset(pair)
    for some, others in (
        ((Weight.PRECEDENCE, Weight.TO_MANY), (Weight.TO_MANY, Weight.CAMPAIGN)),
        ((Weight.NO_REPLY,), _FIELDS),
        ((Weight.ACKNOWLEDGES,), (*_FIELDS, Weight.NO_REPLY)),
        ((Weight.SERVER, Weight.ENCLOSED), (Weight.TOPIC,)),
        ((Weight.SERVER, Weight.PRECEDENCE), (Weight.ENCLOSED,)),
    )
    for pair in product(some, others)
    if pair[0] is not pair[1]
)
_FROM_HELPDESK = {  # what a sign is worth there
    Weight.BUT_FOR_HELPDESKS: Weight.SILENCE,
    Weight.PRECEDENCE: Weight.SILENCE,
    Weight.TO_MANY: Weight.SILENCE,
    Weight.CAMPAIGN: Weight.SILENCE,
    Weight.TOPIC: Weight.HINT,
    Weight.ENCLOSED: Weight.HINT,
}


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
    worth = _FROM_HELPDESK if is_from_helpdesk(reading.headers, reading.message_id) else {}
    deciding = _alone(signs, worth) or _pair(signs, worth)
    return _named(deciding, signs) if deciding else None


def _alone(signs: tuple[Sign, ...], worth: Mapping[Weight, Weight]) -> tuple[Sign, ...]:
    """The most telling sign that is enough by itself."""
    enough = [sign for sign in signs if worth.get(sign.weight, sign.weight) in {Weight.CERTAIN, Weight.BUT_FOR_HELPDESKS}]
    return (min(enough, key=_telling),) if enough else ()


def _pair(signs: tuple[Sign, ...], worth: Mapping[Weight, Weight]) -> tuple[Sign, ...]:
    """The first two signs that are enough together."""
    weighed: dict[Weight, Sign] = {}
    for sign in signs:
        weighed.setdefault(worth.get(sign.weight, sign.weight), sign)
    pairs = (pair for pair in combinations(weighed, 2) if frozenset(pair) in _TOGETHER)
    return tuple(weighed[weight] for weight in next(pairs, ()))


def _named(deciding: tuple[Sign, ...], signs: tuple[Sign, ...]) -> Automatic:
    """Called by the most telling of all its signs, which need not be the one that decided."""
    telling = min(signs, key=_telling)
    words = dict.fromkeys(sign.words for sign in (*deciding, telling))
    return Automatic(telling.kind, "; ".join(words))


def _telling(sign: Sign) -> int:
    return _MOST_TELLING.index(sign.kind)
