"""One notice of each kind, as Acme Books would get it about a mail to Ann."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from postern.mail.dsn import Failure, Original
from postern.mail.notice import Letterhead, Notice, compose_notice
from postern.mail.notices.address_failing import address_failing
from postern.mail.notices.buyer_opted_out import buyer_opted_out
from postern.mail.notices.confirm_address import confirm_address
from postern.mail.notices.delivery_failed import delivery_failed
from postern.mail.notices.held import held, hold_expired, hold_refused
from postern.mail.notices.misused import misused
from postern.mail.notices.order_news import AboutOrder, order_delivered, order_refunded, order_shipped
from postern.mail.notices.outside_copy import outside_copy
from postern.mail.notices.refused import refused
from postern.mail.notices.sign_in import sign_in
from postern.model.notice import NoticeKind
from postern.model.order import Shipment
from postern.policy.reasons import ATTACHMENTS_TOO_LARGE, LEAKING, REVIEW_REQUEST, Cause
from tests.letters import ANNS_ALIAS, PUBLIC_URL, numbered_boundaries

NOW = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)
ORIGINAL = Original(
    alias=ANNS_ALIAS,
    received_at=NOW,
    subject="How do you like your atlas?",
    message_id="<20261124.1029@acme.test>",
    date="Tue, 24 Nov 2026 10:29:58 +0100",
    order_id="303-5512345-1234567",
)
LETTERHEAD = Letterhead(
    marketplace_name="Example Market",
    mail_domain="marketplace.example",
    hostname="mx.marketplace.example",
    message_id="<01kassgz1x0000000000000001@marketplace.example>",
    date=NOW + timedelta(seconds=1),
)
CANCEL_URL = "https://marketplace.example/orders?cancel=1&from=mail"

CONFIRM_URL = f"{PUBLIC_URL}/m/confirm-sender/AQEB"


ABOUT = AboutOrder("303-5512345-1234567", "Acme Books", ("\u0410\u0442\u043b\u0430\u0441 2026",))
PARCEL = Shipment("\u041f\u043e\u0448\u0442\u0430", "000390007882241173", None)


@dataclass(frozen=True, slots=True)
class Example:
    """A notice, and the failure it reports if it is a bounce."""

    notice: Notice
    failure: Failure | None = None
    answers: bool = True  # a mail of the reader's

    def compose(self, original: Original = ORIGINAL, letterhead: Letterhead = LETTERHEAD) -> bytes:
        answered = original if self.answers else None
        return compose_notice(self.notice, letterhead, answered, self.failure, numbered_boundaries())


def examples(language: str, original: Original = ORIGINAL, cancel_url: str = CANCEL_URL) -> dict[NoticeKind, Example]:
    """Every kind in this language."""
    large, leaking = Cause(ATTACHMENTS_TOO_LARGE), Cause(LEAKING)
    of_large = (large.sentence(language), large.remedy(language))
    of_leaking = (leaking.sentence(language), leaking.remedy(language))
    review = Cause(REVIEW_REQUEST)
    of_review = (review.sentence(language), review.remedy(language))
    refusal = Failure(552, "5.3.4", large.sentence("en"))
    decision = Failure(250, "2.6.0", leaking.sentence("en"))
    return {
        NoticeKind.BUYER_OPTED_OUT: Example(
            buyer_opted_out(language, original, PUBLIC_URL, cancel_url), Failure(550, "5.7.1", "The buyer has opted out.")
        ),
        NoticeKind.REFUSED: Example(refused(language, original, *of_large), refusal),
        NoticeKind.HELD: Example(held(language, original, *of_leaking, NOW + timedelta(days=7))),
        NoticeKind.HOLD_REFUSED: Example(hold_refused(language, original, *of_leaking), decision),
        NoticeKind.HOLD_EXPIRED: Example(hold_expired(language, original, *of_leaking), decision),
        NoticeKind.OUTSIDE_COPY: Example(outside_copy(language, original, 2)),
        NoticeKind.ORDER_SHIPPED: Example(order_shipped(language, ABOUT, [PARCEL]), answers=False),
        NoticeKind.ORDER_DELIVERED: Example(order_delivered(language, ABOUT), answers=False),
        NoticeKind.ORDER_REFUNDED: Example(order_refunded(language, ABOUT), answers=False),
        NoticeKind.MISUSED: Example(misused(language, original, [of_review], PUBLIC_URL, marked_important=True)),
        NoticeKind.ADDRESS_FAILING: Example(address_failing(language, ANNS_ALIAS, original.subject, NOW, "5.2.2"), answers=False),
        NoticeKind.CONFIRM_ADDRESS: Example(
            confirm_address(
                language, "Acme Books", "Example Market", f"{PUBLIC_URL}/m/confirm-sender/AQEB", NOW + timedelta(days=7)
            ),
            answers=False,
        ),
        NoticeKind.DELIVERY_FAILED: Example(
            delivery_failed(language, original, "5.1.1", NOW), Failure(550, "5.1.1", "... user unknown", NOW)
        ),
        NoticeKind.SIGN_IN: Example(sign_in(language, f"{PUBLIC_URL}/sign-in/AQEB", "123 456", 15), answers=False),
    }
