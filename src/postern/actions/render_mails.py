"""The mails of contact reasons in a language, as their readers would get them, so that people can look at them: parties and an
order that are made up, and the same steps, rewriting and guard as for any mail. It needs no store.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from postern.mail.letter import Attachment, Leaking, Links, Mailbox, Passage, Product, Reading
from postern.mail.reader import read
from postern.mail.rewrite import rewrite
from postern.mail.supplied import letter_of, supply
from postern.model.address import Address
from postern.model.contact_reason import ContactReason, ContactReasons, FieldKind
from postern.model.limits import Limits
from postern.model.relationship import Side

_AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
_DOMAIN, _URL = "marketplace.example", "https://messages.marketplace.example"
_ALIASES = {Side.BUYER: f"k3v9x0q2m7t4w1z@{_DOMAIN}", Side.SELLER: f"h8d2n5r7c4b6j1y@{_DOMAIN}"}
_NAMES = {Side.BUYER: "Ann Example", Side.SELLER: "Acme Books"}
_ORDER = "303-5512345-1234567"
_TYPED = {
    FieldKind.TEXT: "Is it ANN or ANNE?\nWe print the name as you write it.",
    FieldKind.LINE: "A7-42",
    FieldKind.DATE: "2026-12-01",
    FieldKind.AMOUNT: "12.50 EUR",
}


@dataclass(frozen=True, slots=True)
class RenderedMail:
    """One mail, opened: what a mail program shows of it."""

    reason: str
    language: str
    subject: str = field(repr=False)
    text: str = field(repr=False)
    html: str = field(repr=False)


def render_mails(reasons: ContactReasons, language: str) -> Iterator[RenderedMail]:
    """Every reason's mail to a reader of this language, all fields filled in."""
    for reason in reasons.all:
        relayed = rewrite(*_written(reason, language))
        if isinstance(relayed, Leaking):  # nothing is sought in it: nobody's address is real
            continue
        letter = read(relayed.content, Limits()).letter
        yield RenderedMail(reason.code, language, letter.subject, letter.text or "", letter.html or "")


def _written(reason: ContactReason, language: str) -> tuple[Reading, Passage]:
    author = reason.author
    names = {"order": _ORDER, "seller": _NAMES[Side.SELLER], "buyer": _NAMES[Side.BUYER], "marketplace": "Example Market"}
    supplied = supply(reason, language, names, {one.name: _TYPED[one.kind] for one in reason.fields})
    files = (Attachment("document.txt", "text/plain", b"A document.\n"),) * reason.files.at_least
    sender = Mailbox(_NAMES[author], Address.parse(_ALIASES[author]))
    reading = Reading(letter_of(supplied, files), 1, (sender,), "", (), {}, 0, ())
    return reading, _passage(author, language)


def _passage(author: Side, language: str) -> Passage:
    report, done = f"{_URL}/m/report/AQEB", f"{_URL}/m/no-response-needed/AQEB"
    return Passage(
        author=author,
        author_name=_NAMES[author],
        from_alias=_ALIASES[author],
        marketplace_name="Example Market",
        mail_domain=_DOMAIN,
        public_url=_URL,
        language=language,
        message_id=f"<01kassgz1x0000000000000001@{_DOMAIN}>",
        references=(),
        date=_AT,
        order_id=_ORDER,
        products=(Product("Atlas of the World", 2),),
        thread_token="5f2jq7k3v9x0q2m7t4w1zabc",  # noqa: S106 - nobody's
        links=Links(report=report, no_response_needed=done if author is Side.BUYER else ""),
        known_addresses=(),
        certain=(),
        order_ids=(_ORDER,),
    )
