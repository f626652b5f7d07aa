"""Is this mail a person's? Its fields answer first, then its shape; and every answer names its sign.

Swallowing a person's answer is worse than letting a robot's pass once, for loops are also counted. So a mail is automatic only

* by a sign that is CERTAIN: Auto-Submitted auto-replied or auto-notified; an autoresponder's own field or name; Precedence
  auto_reply; an empty reverse path; a mailer-daemon; a delivery report, abuse report, receipt or calendar's answer by its media
  type; a subject that only programs write; our own marks;
* by one that helpdesks put on their agents' answers too (BUT FOR HELPDESKS): Auto-Submitted with any other keyword but no; the
  fields of mailing lists. It counts where no helpdesk's stamp (``signs/helpdesks.py``) stands in the mail;
* by two that prove nothing alone, paired as ``_COUNTS_WITH`` says: X-Auto-Response-Suppress or an X-Loop (SILENCE), Precedence
  bulk, list or junk (PRECEDENCE), List-Unsubscribe or a list's Sender (TO MANY), a campaign's field (CAMPAIGN), From no-reply@
  (NO REPLY), From postmaster@ or a mail server's name (SERVER), a subject about failed delivery (TOPIC), one that says "request
  received" (ACKNOWLEDGES), a report among the parts (ENCLOSED). SILENCE with PRECEDENCE or TO MANY is no pair: helpdesks that we
  do not know put them on agents' answers. Under a helpdesk's stamp every such field is worth SILENCE and no more, and TOPIC and
  ENCLOSED nothing, for an agent writes under the customer's subject and passes things on.

No sign speaks for a person, but for that stamp. This module decides nothing about the mail: what it recognises is kept and shown.
"""

from collections.abc import Mapping
from itertools import combinations

from postern.mail.letter import Reading
from postern.mail.signs import fields, helpdesks, own, shape
from postern.mail.signs.fields import signs_of_fields
from postern.mail.signs.helpdesks import is_from_helpdesk
from postern.mail.signs.own import signs_of_own
from postern.mail.signs.shape import signs_of_shape
from postern.mail.signs.sign import Sign, Weight
from postern.mail.signs.subjects import signs_of_subject
from postern.model.automatic import Automatic, AutomaticKind
from postern.model.envelope import Envelope

FIELDS = fields.FIELDS | helpdesks.FIELDS | own.FIELDS | shape.FIELDS  # what is asked of the header

_MOST_TELLING = tuple(AutomaticKind)
_OF_FIELDS = (Weight.SILENCE, Weight.PRECEDENCE, Weight.TO_MANY, Weight.CAMPAIGN)
_COUNTS_WITH = {
    Weight.TO_MANY: (Weight.PRECEDENCE, Weight.CAMPAIGN),
    Weight.CAMPAIGN: (Weight.PRECEDENCE,),
    Weight.NO_REPLY: _OF_FIELDS,
    Weight.ACKNOWLEDGES: (*_OF_FIELDS, Weight.NO_REPLY),
    Weight.TOPIC: (Weight.SERVER, Weight.ENCLOSED),
    Weight.ENCLOSED: (Weight.SERVER, Weight.PRECEDENCE),
}
_TOGETHER = frozenset(frozenset({one, other}) for one, others in _COUNTS_WITH.items() for other in others)
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
    worth = _FROM_HELPDESK if is_from_helpdesk(reading, envelope) else {}
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
