"""Keeping a mail that ended its readers: held, sealed and unread, until a person decides.

It looks at the envelope only. Nothing here parses the content, so the mail cannot do to this process what it did to the pool's.
"""

from postern.actions.find_recipient import find_recipient
from postern.actions.frame import Frame
from postern.actions.receive_mail import Judged, Prepared, combine
from postern.actions.receiving.facts import Pair, gather_pair
from postern.actions.receiving.placing import Place
from postern.actions.receiving.record import Station, guards_of, rows_of_hold, seal_original
from postern.mail.letter import Letter, Reading
from postern.model.envelope import Mail
from postern.model.identifier import new_id
from postern.model.relationship import Side
from postern.model.thread import Thread
from postern.policy.reasons import ENDED_ITS_READER, UNREADABLE
from postern.storage.relationships import AliasEntry
from postern.storage.schema import HOUSE
from postern.storage.store import Look

UNREAD = Reading(
    letter=Letter("", None, None),
    author_fields=0,
    authors=(),
    message_id=None,
    references=(),
    headers={},
    received_fields=0,
    defects=("unread",),
)


def hold_unread(look: Look, frame: Frame, mail: Mail) -> Prepared:
    """A change that keeps the mail as held for each alias it was sent to."""
    recipients = [find_recipient(look, frame, address, mail.received_at) for address in mail.envelope.recipients]
    entries = dict.fromkeys(one for one in recipients if isinstance(one, AliasEntry))
    if not entries:
        return combine([Judged(HOUSE, (), refusal=UNREADABLE)])
    return combine([_hold_for(look, frame, mail, entry) for entry in entries])


def _hold_for(look: Look, frame: Frame, mail: Mail, entry: AliasEntry) -> Judged:
    pair = gather_pair(look, entry)
    author = entry.side.other
    author_id = pair.buyer.id if author is Side.BUYER else pair.customer_service.person_id
    station = Station(
        mail=mail,
        reading=UNREAD,
        pair=pair,
        author=author,
        author_id=author_id,
        place=_place_unread(pair, mail),
        message_id=new_id(),
        seen_mark=look.vault.mark("repeat unread", pair.relationship.id.bytes, author.encode(), mail.content),
        original=seal_original(look, frame, mail, pair.seller.id, author_id),
    )
    rows = (station.original.row, *rows_of_hold(look, station, ENDED_ITS_READER))
    return Judged(pair.seller.id, rows, guards_of(station))


def _place_unread(pair: Pair, mail: Mail) -> Place:
    """A thread of its own: nobody knows what it answers."""
    thread = Thread(new_id(), pair.relationship.id, None, mail.received_at)
    return Place(thread, opened=True, order=None, references=(), found_by="unread")
