"""How long an answer takes at half of the most that was delivered, where mails come by the clock and nobody waits for anybody.

A sender that writes its next mail when the last was answered is silent whenever the relay is slow, and so hides it. Here mails
fall due at random moments, on many connections, and each is measured from the moment it was due.
"""

from dataclasses import dataclass

from bench.measuring import percentile
from bench.turns import Measurement, Relay

CONNECTIONS = 64
SHARE = 0.5  # of the most that was delivered


@dataclass(frozen=True, slots=True)
class OpenLoop:
    """``mails_per_second`` is how many fell due. What was not taken is in no percentile, so it is told beside them."""

    mails_per_second: float
    accept_p50_ms: float
    accept_p99_ms: float
    accepted: int
    not_accepted: int

    def sentence(self) -> str:
        return (
            f"by the clock, {self.mails_per_second:.0f} mails a second: accepted after {self.accept_p50_ms:.1f} ms (median),"
            f" {self.accept_p99_ms:.1f} ms (99 %); {self.accepted} accepted, {self.not_accepted} not"
        )


def measure_open_loop(measurement: Measurement, relay: Relay, most_per_second: float) -> OpenLoop:
    rate, before = most_per_second * SHARE, measurement.sink.count()
    tally = measurement.send(relay, measurement.posts(CONNECTIONS), rate=rate)
    measurement.drain(relay, before + tally.accepted)
    return OpenLoop(
        mails_per_second=rate,
        accept_p50_ms=percentile(tally.milliseconds, 50),
        accept_p99_ms=percentile(tally.milliseconds, 99),
        accepted=tally.accepted,
        not_accepted=tally.due - tally.accepted,
    )
