"""What a next hop answered, read as an outcome, with everything that could name somebody taken out.

Replies quote what must not be kept: the real address, the one it forwards to, host names, IP addresses. No pattern catches them
all, so words are kept by list: what is not a word of the trade is hidden.
"""

import re
from dataclasses import dataclass, field
from itertools import groupby

from postern.model.delivery import Deferred, Delivered, Failed, Outcome

TAKEN, GO_ON, PUT_OFF, REFUSED = 2, 3, 4, 5  # RFC 5321 4.2.1: the first digit
HIDDEN = "..."
TEXT_MAXIMUM = 200
_TEXT_READ = 2_000

_ENHANCED = re.compile(r"([245])\.([0-9]{1,3})\.([0-9]{1,3})(?!\S)")  # RFC 3463 2
_AROUND_A_WORD = ".,:;!?()[]{}\"'"

_WORDS_OF_THE_TRADE = """
    a about abuse accept accepted access account action active actively address addresses administrator after again allow
    allowed already an and antispam any are as at attachment attempt attempts attention authenticated authentication
    authorized available bad banned barracuda be because been before begin being blacklist blacklisted block blocked
    blocklist body bounce but by bye can cannot check client close closed closing command commands complete completed
    configuration connect connected connection connections contact contains content could daily data day days deferred
    delayed delete delivered delivering delivery denied denylist destination detail details did directory disabled discarded
    disk dkim dmarc dns do does domain due email end ended envelope error exceed exceeded exceeds exist expired fail failed
    failure failures file final fix for forbidden forwarding found from full go good greylist greylisted greylisting has
    have header headers helo host hostname hour if in inactive incoming insufficient internal invalid ip is issue it its
    known later less limit limited listed local lookup loop loops low mail mailbox mailboxes mails maintenance malformed
    malware many match maximum may message messages minute minutes missing more moved must name near new no not now number
    of off ok okay on one only or out over overloaded overquota parameter path per perform permanent permission permitted
    phishing please policy poor postmaster problem prohibited protocol provide quarantined queue queued quota rate reached
    read reason receive received receiving recipient recipients record records refused reject rejected rejection relay
    relaying remote reply report reputation required reset resolve resource resources respond retry reverse rule saved
    security see send sender senders sending sent serve server servers service session signature site size slow smtp sorry
    space spam spamcop spamhaus spf start starttls status stop storage stored subject submission submitted such support
    supported suspected suspended suspicious syntax system take temporarily temporary than that the there this throttled
    throttling time timeout tls to too traffic transaction transport try trying unable unauthenticated unavailable
    unexpected unknown unrouteable unsolicited until unusual up use user using valid verification verify violation virus
    volume wait was we went will with within without wrong you your
"""
_KNOWN = frozenset(_WORDS_OF_THE_TRADE.split())


@dataclass(frozen=True, slots=True)
class Answer:
    """A reply as it came; its text is hostile, and only ``outcome_of`` passes it on. With code 0: our words on why none came."""

    code: int
    text: str = field(repr=False)
    enhanced: str = ""  # with code 0

    @property
    def kind(self) -> int:
        """The first digit."""
        return self.code // 100


NO_CONNECTION = Answer(0, "the next hop did not take the connection", "4.4.1")
TLS_FAILED = Answer(0, "the connection could not be encrypted", "4.7.0")
NOT_ENCRYPTED = Answer(0, "the next hop offers no encryption, which is required", "4.7.10")
NOT_VERIFIED = Answer(0, "the next hop's certificate is not valid for its name", "4.7.5")
LOST = Answer(0, "the connection was lost", "4.4.2")
LATE = Answer(0, "no answer came in time", "4.4.1")  # the host is there, and says nothing
UNREADABLE = Answer(0, "the answer was not SMTP", "4.5.0")


def outcome_of(answer: Answer, *, after_dot: bool = False) -> Outcome:
    """The verdict in an answer. One that is none, to the final dot, leaves open whether the mail was taken."""
    if answer.code == 0:
        return Deferred(0, answer.enhanced, answer.text, indeterminate=after_dot)
    if answer.kind not in {TAKEN, PUT_OFF, REFUSED}:
        return Deferred(answer.code, UNREADABLE.enhanced, UNREADABLE.text, indeterminate=after_dot)
    found = _ENHANCED.match(answer.text)
    matches = found is not None and int(found[1]) == answer.kind  # RFC 2034 4: the classes must agree
    enhanced = found[0] if found is not None and matches else f"{answer.kind}.0.0"
    text = redacted(answer.text.removeprefix(enhanced))
    if answer.kind == TAKEN:
        return Delivered(answer.code, enhanced, text)
    return Deferred(answer.code, enhanced, text) if answer.kind == PUT_OFF else Failed(answer.code, enhanced, text)


def redacted(text: str) -> str:
    """The words of the trade in a reply, everything else hidden: printable ASCII, 200 characters at most."""
    words = (_plain(word) for word in text[:_TEXT_READ].split())
    return " ".join(HIDDEN if word is None else word for word, _ in groupby(words))[:TEXT_MAXIMUM]


def _plain(word: str) -> str | None:
    """The word without what surrounds it, if it is known: ``over-quota`` is, since both halves are. Else None."""
    core = word.strip(_AROUND_A_WORD)
    known = _ENHANCED.fullmatch(core) or all(part in _KNOWN for part in core.lower().split("-"))
    return core if known and core.isascii() else None
