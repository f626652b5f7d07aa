"""The look-ups for one mail to one alias, so that no rule needs the store: the pair, the author, the thread, the day, the buyer's
choice. ``placing`` holds those by which a mail finds its thread.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from postern.actions.frame import Frame
from postern.actions.receiving.pair import Arrival, Pair, own_hosts
from postern.actions.receiving.placing import Place, find_place
from postern.language import DEFAULT_LANGUAGE
from postern.mail.automatic import recognise
from postern.mail.contact_details import Allowed
from postern.mail.files.inspection import find_refused
from postern.mail.letter import Letter
from postern.mail.misuse import recognise_misuse
from postern.mail.steps.contact_details import details_in
from postern.model.address import Address
from postern.model.authentication import Mode, Proof
from postern.model.automatic import Automatic
from postern.model.contact_policy import DetailKind
from postern.model.content_rule import ContentKind, Recognised
from postern.model.day import Day
from postern.model.order_news import SPARES, NewsKind
from postern.model.people import Marketplace, Seller
from postern.model.relationship import Side
from postern.policy.allowance import ALWAYS_ALLOWED, DAYS, daily_limit
from postern.policy.facts import Facts, Posting
from postern.storage.people import find_mail_domain
from postern.storage.senders import AttemptState
from postern.storage.standing import Standing, count_orders, find_sellers_with, find_standing
from postern.storage.store import Look
from postern.storage.threads import count_since, has_word_of_the_buyer

IMPORTANT = "[important]"  # R10: ASCII brackets, any case, wherever in the subject
REPLY_BOX = "reply box"
ANSWERS = ("references", "token", REPLY_BOX)  # R9: an order's id places a mail in a thread, but makes it no reply


@dataclass(frozen=True, slots=True)
class Posted:
    """What a page or a program has settled, which of a mail must be found out: who writes, and where it belongs."""

    author_id: UUID
    place: Place
    posting: Posting


@dataclass(frozen=True, slots=True)
class Known:
    """What was gathered of one mail at one alias. ``place`` is there only where its author is of the pair: a stranger's mail
    belongs nowhere. ``day`` is the marketplace's, and ``daily_limit`` the seller's for it.
    """

    facts: Facts
    author_id: UUID | None
    place: Place | None
    automatic: Automatic | None
    day: Day
    standing: Standing


def gather(look: Look, frame: Frame, arrival: Arrival, *, counted_already: int = 0, posted: Posted | None = None) -> Known:
    """What the rules may know of this mail. ``counted_already`` are the day's messages that the same mail makes before it."""
    mail, reading, pair, author = arrival.mail, arrival.reading, arrival.pair, arrival.author
    address = _author_address(arrival, posted)
    is_elsewhere = _is_submitted_elsewhere(arrival)
    proof = _proof(arrival, address, posted) if not is_elsewhere else Proof.UNPROVED
    author_id = _author_id(arrival, address, proof, posted)
    place = _place(look, frame, arrival, author_id, posted)
    automatic = None if posted else recognise(reading, mail.envelope)
    day = Day.at(mail.received_at, pair.marketplace.time_zone)
    standing = Standing(0, blocked=False, attempt="")
    if author is Side.SELLER:
        standing = find_standing(look, pair.relationship, str(day), address)
    used = standing.used + counted_already
    selling = find_sellers_with(look, address) if author is Side.BUYER and author_id and address else ()
    opted_out = author is Side.SELLER and (pair.buyer.opted_out or standing.blocked)
    limits = frame.limits
    treatments = pair.marketplace.contact_policy.for_author(author)
    facts = Facts(
        author=author,
        unreadable=reading.unreadable,
        received_fields=reading.received_fields,
        received_maximum=limits.received_fields,
        author_fields=reading.author_fields,
        author_mailboxes=len(reading.authors),
        author_has_address=posted is not None or address is not None,
        author_proof=proof,
        author_is_of_pair=author_id is not None,
        submitted=mail.authentication.mode is Mode.SUBMISSION,
        submitted_for_another=is_elsewhere,
        attachments=len(reading.letter.attachments),
        attachments_maximum=limits.attachments,
        attachment_bytes=sum(len(one.content) for one in reading.letter.attachments),
        attachment_bytes_maximum=limits.attachment_bytes,
        refused_files=find_refused(reading.letter, limits),
        malware=mail.malware,
        contact_details=details_in(reading.letter, _allowed(pair, frame.public_url), treatments.judged()),
        contact_treatments=treatments,
        author_is_blocked=standing.attempt == AttemptState.BLOCKED,
        author_sells=bool(selling),
        pair_is_one_person=pair.find_author(Side.SELLER, pair.buyer.address) is not None,
        pair_has_order=bool(pair.orders),
        report_infringement_url=pair.marketplace.report_infringement_url,
        automatic_by=automatic.sign if automatic else "",
        messages_lately=_lately(look, frame, pair, place, mail.received_at),
        messages_lately_maximum=limits.thread_burst,
        used_today=used,
        daily_limit=_daily_limit(look, frame, pair, day, used),
        limit_resets_at=f"{day.ends_at:%Y-%m-%d %H:%M} UTC",
        opted_out=opted_out,
        is_reply=opted_out and _is_reply(look, pair, place),
        is_marked_important=posted is None and IMPORTANT in reading.letter.subject.lower(),
        pair_has_live_order=any(not order.is_cancelled for order in pair.orders),
        about_customised_order=place is not None and _is_about_customised(place, mail.received_at),
        posting=posted.posting if posted else None,
        misuse=_misuse(look, frame, arrival, place, posted),
        told_by_us=frozenset(SPARES[kind] for kind in (NewsKind.SHIPPED, *pair.marketplace.order_notices)),
        outside_copies=_count_outside(look, arrival),
    )
    return Known(facts, author_id, place, automatic, day, standing)


def _misuse(look: Look, frame: Frame, arrival: Arrival, place: Place | None, posted: Posted | None) -> tuple[Recognised, ...]:
    """R11, of what a seller begins: whoever answers may say what they like. Of what is written here, only what is typed."""
    if arrival.author is Side.BUYER or place is None or not frame.content_rules:
        return ()
    pair = arrival.pair
    if place.found_by in ANSWERS and (posted is None or has_word_of_the_buyer(look, pair.seller.id, place.thread.id)):
        return ()
    languages = dict.fromkeys((pair.language_of(Side.BUYER), pair.language_of(Side.SELLER), DEFAULT_LANGUAGE))
    letter = arrival.reading.letter
    if posted:
        letter = Letter("", "\n\n".join(words for _, words in posted.posting.typed or ()), None)
    found = recognise_misuse(letter, frame.content_rules, tuple(languages))
    return (*found, *_ways_past(frame, pair, letter))


def _ways_past(frame: Frame, pair: Pair, letter: Letter) -> Iterator[Recognised]:
    """Links and contact details, where the marketplace's own policy does not treat them already."""
    severities = {rule.kind: rule.severity for rule in frame.content_rules}
    treatments = pair.marketplace.contact_policy.for_author(Side.SELLER)
    kinds = tuple(kind for kind in DetailKind if kind not in treatments.judged())
    found = {
        ContentKind.LINK if kind is DetailKind.LINK else ContentKind.CONTACT_DETAILS
        for kind, _ in details_in(letter, _allowed(pair, frame.public_url), kinds)
    }
    yield from (Recognised(kind, severities[kind]) for kind in sorted(found) if kind in severities)


def _author_address(arrival: Arrival, posted: Posted | None) -> Address | None:
    """A page names a person, not an address: of a seller it may be any of theirs."""
    if posted is None:
        return arrival.author_address
    return arrival.pair.buyer.address if arrival.author is Side.BUYER else None


def _proof(arrival: Arrival, address: Address | None, posted: Posted | None) -> Proof:
    if posted:
        return Proof.PROVED
    return arrival.mail.authentication.proof_of(address) if address else Proof.UNPROVED


def _author_id(arrival: Arrival, address: Address | None, proof: Proof, posted: Posted | None) -> UUID | None:
    """The person of the pair who wrote; whoever is not proved is nobody here."""
    if posted:
        return posted.author_id
    return arrival.pair.find_author(arrival.author, address) if proof is Proof.PROVED else None


def _place(look: Look, frame: Frame, arrival: Arrival, author_id: UUID | None, posted: Posted | None) -> Place | None:
    if posted or author_id is None:
        return posted.place if posted else None
    return find_place(look, frame.keyring, arrival.pair, arrival.reading, arrival.author, arrival.mail.received_at)


def _is_submitted_elsewhere(arrival: Arrival) -> bool:
    """Whoever signs in does so for one seller: the same address may write for others, and buy here, but not by that secret."""
    signed_in = arrival.mail.authentication.signed_in
    return signed_in is not None and (arrival.author is Side.BUYER or signed_in.seller_id != arrival.pair.seller.id)


def _allowed(pair: Pair, public_url: str) -> Allowed:
    """What looks like a contact detail and is none."""
    hosts = (*own_hosts(pair.marketplace, public_url), *pair.marketplace.contact_policy.allowed_hosts)
    known = (pair.buyer.address, *(one.address for one in pair.seller_addresses))
    order_ids = tuple(order.name for order in pair.orders)
    return Allowed((pair.marketplace.mail_domain,), hosts, order_ids, tuple(address.canonical() for address in known))


def _daily_limit(look: Look, frame: Frame, pair: Pair, day: Day, used: int) -> int:
    """R21. No limit is below what is always allowed, so nobody's orders need to be counted until one mail could come to that."""
    if used + frame.limits.recipients_per_mail < ALWAYS_ALLOWED:
        return ALWAYS_ALLOWED
    return daily_limit_of(look, pair.seller, pair.marketplace, day)


def daily_limit_of(look: Look, seller: Seller, marketplace: Marketplace, day: Day) -> int:
    """R21, exactly."""
    orders = count_orders(look, seller.id, marketplace.id, day.plus(-DAYS).begins_at, day.begins_at)
    return daily_limit(seller.average_daily_orders, marketplace.id, orders)


def _lately(look: Look, frame: Frame, pair: Pair, place: Place | None, now: datetime) -> int:
    if place is None or place.opened:
        return 0
    return count_since(look, pair.seller.id, place.thread.id, now - timedelta(minutes=frame.limits.thread_burst_minutes))


def _is_reply(look: Look, pair: Pair, place: Place | None) -> bool:
    """R9: it names a mail of the thread or quotes its token, and the buyer, not a robot, wrote in it."""
    if place is None or place.found_by not in ANSWERS:
        return False
    return has_word_of_the_buyer(look, pair.seller.id, place.thread.id)


def _is_about_customised(place: Place, now: datetime) -> bool:
    """R10: until the order is complete, whatever the buyer chose. Of several orders that it names, one is enough."""
    return any(order.has_customised_item and not order.is_cancelled and not order.is_complete(now) for order in place.orders)


def _count_outside(look: Look, arrival: Arrival) -> int:
    """The addresses in To and Cc that are neither aliases of a marketplace nor the author's own."""
    beside = {one.address.canonical(): one.address for one in arrival.reading.recipients if one.address}
    if arrival.author_address:
        beside.pop(arrival.author_address.canonical(), None)
    if arrival.author is Side.SELLER:  # a colleague's copy stays with the seller
        own = {one.address.domain for one in arrival.pair.seller_addresses}
        beside = {name: address for name, address in beside.items() if address.domain not in own}
    domains = {address.domain for address in beside.values()} - {arrival.pair.marketplace.mail_domain}
    outside = {domain for domain in domains if find_mail_domain(look, domain) is None}
    return sum(address.domain in outside for address in beside.values())
