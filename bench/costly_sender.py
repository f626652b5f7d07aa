"""How much one sender of costly mails slows all others: turns with that sender and turns without it, in one run.

Its mails are of a kind that tests/hostile.py grows to make a reader work, and come from somebody who may write. Which kind and
what size costs about a second of CPU is found out first, by sending one of each.
"""

import smtplib
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import median

from bench.lean_senders import Post, Tally
from bench.measuring import processor_seconds
from bench.slow_hop import await_empty_queue
from bench.turns import Measurement, Relay
from tests.hostile import HOSTILE
from tests.market import PLACEHOLDER, Way
from tests.serving import Installation

KINDS = ("ampersands", "almost addresses", "percents", "closed paragraphs", "addresses in the text", "entities")
LONGEST = 990_000  # octets of a text; the limit `text_size` refuses a longer one unread
AIM_SECONDS = 1.0
ENOUGH = 0.8  # of the aim; below it nothing costs so much any more
ANSWER_SECONDS = 120
WAYS = len(KINDS) + 1  # each mail that is tried has a sender of its own, so that none of them waits for another


@dataclass(frozen=True, slots=True)
class CostlyMail:
    """What is sent: of which kind, how large, and what one cost the relay."""

    kind: str
    octets: int
    seconds: float


@dataclass(frozen=True, slots=True)
class CostlySender:
    """Mails of the others that were accepted a second, the median of the rounds' ratios, and the one among them."""

    others_per_second_alone: float
    others_per_second_beside: float
    ratio: float
    costly_mails: int
    kind: str
    octets: int
    cpu_seconds_a_costly_mail: float

    def sentence(self) -> str:
        reaches = "" if self.cpu_seconds_a_costly_mail >= AIM_SECONDS * ENOUGH else " (no kind costs a second any more)"
        return (
            f"beside a sender of costly mails ({self.kind}, {self.octets:,} octets, {self.cpu_seconds_a_costly_mail:.2f} s of CPU"
            f" each{reaches}; {self.costly_mails} taken): the others {self.others_per_second_beside:.0f} mails a second,"
            f" {self.ratio:.2f} times their {self.others_per_second_alone:.0f} without it"
        )


def measure_costly_sender(
    measurement: Measurement, relay: Relay, shop: Installation, ways: Sequence[Way], senders: int, rounds: int
) -> CostlySender:
    """``ways`` are ``WAYS`` that nobody else writes on."""
    mail = _choose(relay, shop, ways[1:])
    costly = _post(ways[0], mail.kind, mail.octets)
    alone, beside, costly_mails = list[Tally](), list[Tally](), 0
    for number in range(rounds):
        for among in ([], [costly]) if number % 2 else ([costly], []):
            tally = measurement.send(relay, [*among, *measurement.posts(senders)])
            await_empty_queue(shop)
            others = tally.without(measurement.first_of_turn) if among else tally
            costly_mails += tally.accepted - others.accepted
            (beside if among else alone).append(others)
    with_it, without = ([tally.accepted_per_second() for tally in some] for some in (beside, alone))
    return CostlySender(
        others_per_second_alone=median(without),
        others_per_second_beside=median(with_it),
        ratio=median(one / other for one, other in zip(with_it, without, strict=True)),
        costly_mails=costly_mails,
        kind=mail.kind,
        octets=mail.octets,
        cpu_seconds_a_costly_mail=mail.seconds,
    )


def _choose(relay: Relay, shop: Installation, ways: Sequence[Way]) -> CostlyMail:
    """The costliest kind, made so large that it costs about a second; the largest there is where even that costs less."""
    tried = [_try(relay, shop, way, kind) for way, kind in zip(ways, KINDS, strict=True)]
    costliest = max(tried, key=lambda mail: mail.seconds)
    if not costliest.seconds:
        raise RuntimeError("every kind of costly mail was refused")
    share = min(1.0, AIM_SECONDS / costliest.seconds)
    return CostlyMail(costliest.kind, round(costliest.octets * share), costliest.seconds * share)


def _try(relay: Relay, shop: Installation, way: Way, kind: str) -> CostlyMail:
    """Send one, and count the CPU of the whole relay until it is delivered; a kind that is refused serves no purpose here."""
    before = processor_seconds(relay.roots)
    post = _post(way, kind, LONGEST)
    with smtplib.SMTP("127.0.0.1", relay.port, local_hostname="sender.test", timeout=ANSWER_SECONDS) as client:
        try:
            client.sendmail(post.author, [post.alias], post.letter)
        except smtplib.SMTPResponseException as refusal:
            print(f"{kind}: {refusal.smtp_code} {refusal.smtp_error!r}", file=sys.stderr)
            return CostlyMail(kind, LONGEST, 0.0)
    await_empty_queue(shop)
    return CostlyMail(kind, LONGEST, processor_seconds(relay.roots) - before)


def _post(way: Way, kind: str, octets: int) -> Post:
    head = f"From: {way.author}\r\nTo: {way.alias}\r\nSubject: {PLACEHOLDER}\r\nMessage-ID: <{PLACEHOLDER}@sender.test>\r\n"
    return Post(way.author, way.alias, head + HOSTILE[kind](octets).decode() + "\r\n")
