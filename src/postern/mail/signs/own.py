"""Whether Postern itself wrote this mail: then it came back, and whoever passed it on would do so for ever.

Our own domains are those of the envelope's recipients. What a mail answers says nothing here: an answer to a notice of ours
names it in In-Reply-To, and is no mail of ours.
"""

from collections.abc import Iterator

from postern.mail.letter import Reading
from postern.mail.return_path import PREFIX
from postern.mail.signs.sign import Sign, Weight
from postern.mail.threading import read_own_message_id
from postern.model.alias import read_local_part
from postern.model.automatic import AutomaticKind
from postern.model.envelope import Envelope

NOTICE_FIELD = "X-Postern-Notice"  # every notice of ours bears it, with its kind
FIELDS = frozenset({NOTICE_FIELD.lower(), "return-path", "x-loop"})
NOTICES = frozenset({"no-reply", "noreply"})  # R30


def signs_of_own(reading: Reading, envelope: Envelope) -> Iterator[Sign]:
    """A notice's mark, then our Message-ID, our return path and our From."""
    domains = frozenset(recipient.rpartition("@")[2].lower() for recipient in envelope.recipients if "@" in recipient) - {""}
    if NOTICE_FIELD.lower() in reading.headers:
        yield _own(NOTICE_FIELD)
    if reading.message_id and any(read_own_message_id(reading.message_id, domain) for domain in domains):
        yield _own("the Message-ID is ours")
    paths = (envelope.reverse_path, *reading.headers.get("return-path", ()))
    if any(_is_return_path(path, domain) for path in paths for domain in domains):
        yield _own("the return path is ours")
    if any(
        author.address and author.address.domain in domains and _is_ours(author.address.local_part) for author in reading.authors
    ):
        yield _own("From is an alias or no-reply@ of ours")
    if any(value.strip("<> ").lower().rpartition("@")[2] in domains for value in reading.headers.get("x-loop", ())):
        yield _own("X-Loop names our domain")


def _own(words: str) -> Sign:
    return Sign(Weight.CERTAIN, AutomaticKind.OWN, words)


def _is_return_path(path: str, domain: str) -> bool:
    """Ours as it was made, or folded into another host's by a forwarder (``SRS0=...=our.domain=rp-...@forwarder``)."""
    local_part, _, host = path.strip("<> ").lower().rpartition("@")
    return (host == domain and local_part.startswith(PREFIX)) or f"={domain}={PREFIX}" in local_part


def _is_ours(local_part: str) -> bool:
    """An alias with a digit in it, as nearly all have: without one it may be a name (``customerservice`` is as long)."""
    alias = read_local_part(local_part)
    return (alias is not None and not alias.isalpha()) or local_part.lower() in NOTICES
