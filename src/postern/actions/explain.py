"""The story of a mail in plain words, from its journal, its attempts and its state. For the operator; no address in it."""

import json
from collections.abc import Callable, Mapping
from datetime import datetime

from postern.errors import NotFoundError
from postern.mail.threading import read_own_message_id
from postern.model.authentication import Mode
from postern.model.delivery import Deferred
from postern.model.enhanced_status import words_of
from postern.model.failure_report import ReportKind
from postern.model.identifier import read_shown, show
from postern.model.journal import Entry, Value
from postern.model.remark import Door
from postern.model.thread import Message, MessageState
from postern.policy.reasons import ALL
from postern.storage.journal import list_entries_about
from postern.storage.notices import list_notices_about
from postern.storage.people import find_marketplace, find_seller, list_marketplaces
from postern.storage.relationships import find_relationship
from postern.storage.store import Look
from postern.storage.threads import find_message, find_messages_by_their_id

_CAME_BACK: Mapping[str, str] = {
    ReportKind.FAILED: "A failure report came back for it",
    ReportKind.DELAYED: "A report came back that it is delayed",
    ReportKind.DELIVERED: "A report came back that it arrived",
    ReportKind.COMPLAINT: "A complaint came back: its reader's provider says that it was marked as spam",
    ReportKind.OTHER: "A mail came back to its return path that is no report of it",
}
_REASONS = {reason.code: reason for reason in ALL}
_PROOFS: Mapping[str, str] = {
    Mode.OFF: "taken on trust, authentication is off",
    Mode.ENFORCE: "proved here: {}",
    Mode.UPSTREAM: "proved by the server in front: {}",
    Mode.SUBMISSION: "proved by signing in",
}
_DOORS: Mapping[str, str] = {
    Door.PAGE: "was written on a page",
    Door.API: "was written by a program of the seller's or the shop's",
    Door.COMMAND: "was written by an operator's command",
}
_STATES = {
    MessageState.QUEUED: "It waits in the queue.",
    MessageState.DELIVERED: "It is delivered: the next hop took it.",
    MessageState.FAILED: "It was not delivered.",
    MessageState.BOUNCED: "It was not delivered: it came back after the next hop had taken it.",
    MessageState.HELD: "It is held until a person decides.",
    MessageState.BLOCKED: "It was kept and not delivered: the buyer had opted out.",
    MessageState.REFUSED: "It was refused, and kept in the record.",
    MessageState.EXPIRED: "It was held until the time for a decision was over, and then refused.",
    MessageState.ABSORBED: "It is kept and shown, and was not sent on.",
    MessageState.DROPPED: "An operator took it out of the queue.",
    MessageState.ERASED: "Its buyer was erased: that it was is kept, and nothing of what it said.",
}


def find_messages(look: Look, name: str) -> tuple[Message, ...]:
    """The messages that somebody means by ``msg_…`` or by a Message-ID, ours or the author's. Raises NotFoundError."""
    shown = read_shown("msg", name)
    if shown:
        message = find_message(look, shown)
        found: tuple[Message, ...] = (message,) if message else ()
    else:
        found = _by_message_id(look, name if name.startswith("<") else f"<{name}>")
    if not found:
        raise NotFoundError("no message has this name: give msg_… or a Message-ID")
    return found


def find_one_message(look: Look, name: str) -> Message:
    """The same where only one can be meant: a mail to three aliases made three messages. Raises NotFoundError."""
    found = find_messages(look, name)
    if len(found) > 1:
        raise NotFoundError("several messages have this Message-ID: " + ", ".join(show("msg", one.id) for one in found))
    return found[0]


def explain(look: Look, message: Message) -> list[str]:
    """One line an event, oldest first, and a last one that says where the message stands."""
    lines = [_heading(look, message)]
    lines += [line for entry in list_entries_about(look, message.id) for line in tell_entry(entry)]
    lines += [
        f"{_at(one.made_at)} The {one.side} was told by a notice ({one.kind.replace('_', ' ')}), which is {one.state}."
        for one in list_notices_about(look, message.seller_id, message.id)
    ]
    return [*lines, _STATES[message.state]]


def _by_message_id(look: Look, name: str) -> tuple[Message, ...]:
    for marketplace in list_marketplaces(look):
        message_id = read_own_message_id(name, marketplace.mail_domain)
        message = find_message(look, message_id) if message_id else None
        if message:
            return (message,)
    return find_messages_by_their_id(look, name)


def _heading(look: Look, message: Message) -> str:
    found = find_relationship(look, message.seller_id, message.relationship_id)
    seller = find_seller(look, message.seller_id)
    if found is None:
        return f"{show('msg', message.id)}: from the {message.author} to the {message.author.other}."
    pair, _ = found
    marketplace = find_marketplace(look, pair.marketplace_id)
    return (
        f"{show('msg', message.id)}: from the {message.author} to the {message.author.other}, between seller {seller.name} "
        f"({pair.seller_alias}) and buyer {pair.buyer_alias} in {marketplace.name}."
    )


def tell_entry(entry: Entry) -> list[str]:
    """What one entry says, in plain words, each line with its moment."""
    values = {one.name: json.loads(one.value) for one in entry.fields}
    if any(one.withheld for one in entry.fields):
        return [f"{_at(entry.happened_at)} {entry.kind.replace('-', ' ')}; what else the entry said is withheld for good."]
    teller = _TELLERS.get(entry.kind)
    sentences = teller(values) if teller else [entry.kind.replace("-", " ") + "."]
    return [f"{_at(entry.happened_at)} {sentence}" for sentence in sentences]


def _accepted(values: Mapping[str, Value]) -> list[str]:
    lines = [
        f"It {_came(values)}: kept and queued in one commit.",
        _sender_sentence(values),
        _thread_sentence(values),
    ]
    for name, sentence in (("defects", "Its reader noted: {}."), ("changes", "The rewriter: {}.")):
        listed = values.get(name)
        if isinstance(listed, list) and listed:
            lines.append(sentence.format("; ".join(str(one) for one in listed)))
    return lines


def _held(values: Mapping[str, Value]) -> list[str]:
    return [f"It {_came(values)}, but is held: {_why(values)}"]


def _came(values: Mapping[str, Value]) -> str:
    """By which door, and that it was taken."""
    door = _DOORS.get(str(values["authentication"]))
    return f"{door}, {values['size']:,} bytes" if door else f"came by SMTP, {values['size']:,} bytes, and was answered 250"


def _blocked(values: Mapping[str, Value]) -> list[str]:
    told = "its sender was told by a bounce" if values["told"] else "its sender had switched such bounces off"
    return [f"It came by SMTP, {values['size']:,} bytes, and was answered 250, kept and not delivered; {told}: {_why(values)}"]


def _refused_and_kept(values: Mapping[str, Value]) -> list[str]:
    came = f"It came by SMTP, {values['size']:,} bytes, and was answered 250, for others in the same mail were taken"
    return [f"{came}; here it was refused, and its sender told by a notice: {_why(values)}"]


def _absorbed(values: Mapping[str, Value]) -> list[str]:
    kind = str(values["automatic"]).replace("_", " ")
    came = f"It came by SMTP, {values['size']:,} bytes, and was answered 250"
    return [f"{came}; a machine wrote it ({kind}: {values['sign']}), so it was not sent on."]


def _released(values: Mapping[str, Value]) -> list[str]:
    return [f"It was released by the {values['by']}: judged, rebuilt and guarded again, and queued."]


def _told_below(_values: Mapping[str, Value]) -> list[str]:
    """Notices are told with what became of them."""
    return []


def _hold_ended(values: Mapping[str, Value]) -> list[str]:
    told = "; its author was told" if values["told"] else ""
    return [f"Its hold was ended by the {values['by']}, and it is {values['became']} since{told}: {_why(values)}"]


def _refused(values: Mapping[str, Value]) -> list[str]:
    return [f"It was refused in the session: {_why(values)}"]


def _repeated(_values: Mapping[str, Value]) -> list[str]:
    return ["The same mail came again; it was answered 250 and made no second message."]


def _attempted(values: Mapping[str, Value]) -> list[str]:
    reply = f"{values['code'] or ''} {values['enhanced']} {values['reply']}".strip()
    again = "" if values["outcome"] != Deferred.__name__.lower() else "; it will be tried again"
    doubt = "; the answer to the final dot was lost, so the next hop may have it" if values["indeterminate"] else ""
    return [f"Attempt {values['attempt']}: {values['outcome']} ({reply}){again}{doubt}."]


def _came_back(values: Mapping[str, Value]) -> list[str]:
    """Of those that were kept before anybody read them, that they came."""
    status = str(values.get("status") or "")
    meaning = f" ({status}, {words_of(status)})" if status else ""
    what = _CAME_BACK.get(str(values.get("report", ReportKind.FAILED)), _CAME_BACK[ReportKind.OTHER])
    return [f"{what}{meaning}, {values['size']:,} bytes; it is kept with the record."]


def _not_kept(values: Mapping[str, Value]) -> list[str]:
    return [f"A mail came back to its return path, {values['size']:,} bytes, and was not kept: its buyer was erased."]


def _bounced(values: Mapping[str, Value]) -> list[str]:
    told = "its author was told" if values["told"] else "nobody is left who could be told"
    status = str(values["status"])
    gone = ", for good" if values["hard"] else ""
    early = "It was still in the queue, for the next hop's reply was lost or not written down yet. " if values["delivery"] else ""
    return [f"{early}So it is not delivered{gone}: {words_of(status)}; {told}."]


def _dropped(_values: Mapping[str, Value]) -> list[str]:
    return ["An operator dropped it from the queue."]


def _exempted(_values: Mapping[str, Value]) -> list[str]:
    return ["It was marked as needing no response."]


def _not_exempted(values: Mapping[str, Value]) -> list[str]:
    return [f"The {values['side']} took that back, by {values['door']}."]


def _reported(values: Mapping[str, Value]) -> list[str]:
    return [f"The {values.get('side', 'reader')} reported it: {values.get('reason', '')}."]


_TELLERS: dict[str, Callable[[Mapping[str, Value]], list[str]]] = {
    "mail-accepted": _accepted,
    "mail-held": _held,
    "mail-blocked": _blocked,
    "mail-absorbed": _absorbed,
    "mail-refused": _refused,
    "mail-refused-beside": _refused,
    "mail-refused-and-kept": _refused_and_kept,
    "hold-released": _released,
    "notice-made": _told_below,
    "hold-ended": _hold_ended,
    "mail-repeated": _repeated,
    "delivery-attempted": _attempted,
    "delivery-dropped": _dropped,
    "house-mail-accepted": _came_back,
    "house-mail-not-kept": _not_kept,
    "message-bounced": _bounced,
    "no-response-needed": _exempted,
    "no-response-needed-undone": _not_exempted,
    "message-reported": _reported,
}


def _sender_sentence(values: Mapping[str, Value]) -> str:
    if values["authentication"] in _DOORS:
        return f"The {values['author']} wrote it here, and the door knew who that is, so the rules let it pass."
    who = "the pair's buyer" if values["author"] == "buyer" else "a registered sender of the seller"
    return f"Its From names {who} ({_proof(values)}), so the rules let it pass."


def _proof(values: Mapping[str, Value]) -> str:
    """By what its author was proved, or what was found instead."""
    found = values.get("proof")
    listed = "; ".join(str(one) for one in found) if isinstance(found, list) and found else "nothing was found"
    return _PROOFS.get(str(values.get("authentication")), "{}").format(listed)


def _thread_sentence(values: Mapping[str, Value]) -> str:
    found = {
        "reply box": "it was written into its reply box",
        "contact reason": "it was written by a contact reason, which always opens one",
        "references": "its references name a mail of the thread",
        "token": "it quotes the thread's token",
        "order": "it names an order that the thread is about",
        "new": "nothing in it names an earlier one, so the thread is new",
    }
    about = f", about order {values['order']}" if values["order"] else ""
    return f"It belongs to thread {values['thread']}{about}: {found.get(str(values['found by']), 'unread')}."


def _why(values: Mapping[str, Value]) -> str:
    reason = _REASONS.get(str(values["reason"]))
    return f"{reason.sentence} {reason.remedy}" if reason else str(values["reason"])


def _at(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%d %H:%M:%S")
