"""Keeping a mail that ended its readers: held, sealed and unread, until a person decides.

It looks at the envelope only. Nothing here parses the content, so the mail cannot do to this process what it did to the pool's.
"""

from postern.actions.find_recipient import House, Recipient, Refused, find_recipient
from postern.actions.frame import Frame
from postern.actions.receive_mail import Judged, Prepared, combine
from postern.actions.receiving.house import prepare_for_house
from postern.actions.receiving.pair import Pair, gather_pair
from postern.actions.receiving.placing import Place
from postern.actions.receiving.record import Station, guards_of, repeat_row, rows_of_hold, seal_original
from postern.mail.letter import Letter, Reading
from postern.model.envelope import Mail
from postern.model.identifier import new_id
from postern.model.thread import Thread
from postern.policy.reasons import ENDED_ITS_READER, Cause
from postern.policy.rules.reading import infected
from postern.storage.relationships import AliasEntry
from postern.storage.schema import HOUSE
from postern.storage.store import Look
from postern.storage.threads import find_seen

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
    """A change that keeps the mail: held for each alias it was sent to, and for the house as ever, which reads nothing either."""
    recipients = [find_recipient(look, frame, address, mail.received_at) for address in mail.envelope.recipients]
    return combine([_keep_for(look, frame, mail, one) for one in dict.fromkeys(recipients)])


def _keep_for(look: Look, frame: Frame, mail: Mail, recipient: Recipient) -> Judged:
    if isinstance(recipient, Refused):
        return Judged(HOUSE, (), refusal=recipient.cause)
    if mail.malware:
        return Judged(HOUSE, (), refusal=infected(mail.malware))
    if isinstance(recipient, House):
        housed = prepare_for_house(look, frame, mail, None, recipient)
        return Judged(housed.seller_id, housed.rows, housed.guards)
    return _hold_for(look, frame, mail, recipient)


def _hold_for(look: Look, frame: Frame, mail: Mail, entry: AliasEntry) -> Judged:
    pair = gather_pair(look, entry)
    author = entry.side.other
    seen_mark = look.vault.mark("repeat unread", pair.relationship.id.bytes, author.encode(), mail.content)
    seen = find_seen(look, seen_mark)
    if seen:
        return Judged(pair.seller.id, (repeat_row(mail, pair, author, seen),))
    station = Station(
        mail=mail,
        reading=UNREAD,
        pair=pair,
        author=author,
        author_id=None,  # nobody read who wrote it
        place=_place_unread(pair, mail),
        message_id=new_id(),
        seen_mark=seen_mark,
        original=seal_original(look, frame, mail, pair, None),
    )
    rows = (station.original.row, *rows_of_hold(look, frame, station, Cause(ENDED_ITS_READER)))
    return Judged(pair.seller.id, rows, guards_of(station))


def _place_unread(pair: Pair, mail: Mail) -> Place:
    """A thread of its own: nobody knows what it answers."""
    thread = Thread(new_id(), pair.relationship.id, None, mail.received_at)
    return Place(thread, opened=True, order=None, references=(), found_by="unread")
