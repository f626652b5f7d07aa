"""What comes back to a return path: reports in the form of each program that we know, and what only looks like one.

All of it is written by ourselves, in the way each program has of saying it: about a mail to Ann, who moved away.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from postern.mail.failure_report import read_report
from postern.mail.reader import read
from postern.mail.return_path import make_return_path
from postern.model.authentication import Authentication
from postern.model.envelope import Envelope, Mail
from postern.model.failure_report import FailureReport, ReportKind
from postern.model.limits import Limits
from tests.people import Town

RETURN_PATH = "rp-aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa@marketplace.example"
FAILED, DELAYED, DELIVERED = ReportKind.FAILED, ReportKind.DELAYED, ReportKind.DELIVERED
COMPLAINT, OTHER = ReportKind.COMPLAINT, ReportKind.OTHER
OUR_MAIL = """Received: from mx.marketplace.example by mx.mail.test; Mon, 23 Nov 2026 10:00:00 +0100
From: Acme Books <k3v9x0q2m7t4w1z@marketplace.example>
To: ann@mail.test
Subject: Your atlas
Message-ID: <06awj2000000000000000000g4@marketplace.example>

It left today. If your message could not be delivered, 550 5.1.1 user unknown, tell us."""


@dataclass(frozen=True, slots=True)
class Specimen:
    """One mail as it travels, and what is to be read of it."""

    name: str
    kind: ReportKind
    status: str
    mail: str
    reverse_path: str = ""

    @property
    def octets(self) -> bytes:
        return self.mail.replace("\n", "\r\n").encode()

    def reading(self, limits: Limits | None = None) -> FailureReport:
        return report_of(self.octets, self.reverse_path, limits or Limits())


def report_of(octets: bytes, reverse_path: str = "", limits: Limits | None = None) -> FailureReport:
    """What is read of these octets at a return path."""
    limits = limits or Limits()
    return read_report(read(octets, limits), Envelope(reverse_path, (RETURN_PATH,)), limits)


def report_about(town: Town, message_id: UUID, mail: str | None = None) -> Mail:
    """A report as a next hop sends it back: from the null sender, to the return path of this message."""
    expires_at = town.clock.now() + timedelta(days=14)
    return_path = make_return_path(town.frame.keyring, message_id, expires_at, "marketplace.example")
    return to_return_path(town, return_path, mail)


def to_return_path(town: Town, return_path: str, mail: str | None = None) -> Mail:
    content = standard(of_ann("failed", "5.1.1")) if mail is None else mail
    octets = content.replace("\n", "\r\n").encode()
    return Mail(Envelope("", (return_path,)), octets, town.clock.now(), Authentication())


def head(author: str, subject: str, *lines: str) -> str:
    return "\n".join((f"From: {author}", f"To: {RETURN_PATH}", f"Subject: {subject}", *lines)) + "\n\n"


def status_part(*fields: str) -> str:
    return "Reporting-MTA: dns; mx.mail.test\nArrival-Date: Mon, 23 Nov 2026 10:00:00 +0100\n\n" + "\n".join(fields) + "\n"


def of_ann(action: str, status: str, diagnostic: str = "") -> str:
    more = (f"Diagnostic-Code: {diagnostic}",) if diagnostic else ()
    return status_part("Final-Recipient: rfc822; ann@mail.test", f"Action: {action}", f"Status: {status}", *more)


def standard(fields: str, words: str = "It failed.", kind: str = "message/delivery-status", outer: str = "") -> str:
    """A report as RFC 3464 wants it, from a Postfix."""
    outer = outer or "multipart/report; report-type=delivery-status"
    parts = (("text/plain", words), (kind, fields), ("message/rfc822", OUR_MAIL))
    body = "".join(f"--b\nContent-Type: {media_type}\n\n{content}\n" for media_type, content in parts)
    author = "Mail Delivery System <MAILER-DAEMON@mx.mail.test>"
    return (
        head(author, "Undelivered Mail Returned to Sender", "Auto-Submitted: auto-replied", f"Content-Type: {outer}; boundary=b")
        + body
        + "--b--\n"
    )


def every() -> Iterator[Specimen]:
    yield from by_the_standard()
    yield from bent_standard()
    yield from of_unix()
    yield from of_others()
    yield from no_failures()


def by_the_standard() -> Iterator[Specimen]:
    unknown = "smtp; 550 5.1.1 <ann@mail.test>: Recipient address rejected: User unknown in virtual mailbox table"
    yield Specimen("no such mailbox", FAILED, "5.1.1", standard(of_ann("failed", "5.1.1", unknown)))
    yield Specimen("full", FAILED, "5.2.2", standard(of_ann("failed", "5.2.2", "smtp; 552 5.2.2 mailbox full")))
    yield Specimen("given up", FAILED, "4.4.7", standard(of_ann("failed", "4.4.7")))
    yield Specimen("taken for spam", FAILED, "5.7.1", standard(of_ann("failed", "5.7.1", "smtp; 554 5.7.1 spam")))
    yield Specimen("delayed", DELAYED, "4.4.1", standard(of_ann("delayed", "4.4.1")))
    yield Specimen("delivered", DELIVERED, "2.0.0", standard(of_ann("delivered", "2.1.5")))
    yield Specimen("relayed", DELIVERED, "2.0.0", standard(of_ann("relayed", "2.1.9")))
    yield Specimen("expanded", DELIVERED, "2.0.0", standard(of_ann("expanded", "2.0.0")))
    yield Specimen("general, and told by the reply", FAILED, "5.1.1", standard(of_ann("failed", "5.0.0", unknown)))
    yield Specimen(
        "general, and told by words",
        FAILED,
        "5.1.1",
        standard(of_ann("failed", "5.3.0", "SMTP; 553 5.3.0 <ann@mail.test>... Unknown E-Mail Address")),
    )
    yield Specimen("general, and told by nothing", FAILED, "5.0.0", standard(of_ann("failed", "5.0.0", "x-unix; 17")))
    yield Specimen("a code that nobody knows", FAILED, "5.1.0", standard(of_ann("failed", "5.1.99")))
    yield Specimen(
        "in other letters", FAILED, "5.1.1", standard(of_ann("failed", "5.1.1"), kind="message/global-delivery-status")
    )


def bent_standard() -> Iterator[Specimen]:
    fields = "Final-Recipient: rfc822; ann@mail.test\n{}\nStatus: 5.1.1\n"
    yield Specimen("wrong outer type", FAILED, "5.1.1", standard(of_ann("failed", "5.1.1"), outer="multipart/mixed"))
    yield Specimen("capitals and comments", FAILED, "5.2.1", standard(of_ann("Failed (for good)", "5.2.1 (disabled)")))
    yield Specimen(
        "folded",
        FAILED,
        "5.1.1",
        standard(of_ann("\n failed", "\n 5.0.0", "smtp;\n 550\n\t5.1.1 no\n such user")),
    )
    yield Specimen(
        "another order",
        FAILED,
        "5.1.1",
        standard(status_part("Status: 5.1.1", "Action: failed", "Final-Recipient: rfc822;ann@mail.test")),
    )
    yield Specimen("no empty line between", FAILED, "5.1.1", standard(of_ann("failed", "5.1.1").replace("\n\n", "\n")))
    yield Specimen("no action", FAILED, "5.1.2", standard(status_part("Final-Recipient: rfc822; ann@mail.test", "Status: 5.1.2")))
    yield Specimen("no action, for a time", DELAYED, "4.2.2", standard(status_part("Status: 4.2.2")))
    yield Specimen("no status", FAILED, "5.0.0", standard(status_part("Action: failed")))
    yield Specimen("an action of one's own", FAILED, "5.1.1", standard(fields.format("Action: bounced")))
    yield Specimen("a status of success that failed", FAILED, "5.0.0", standard(of_ann("failed", "2.0.0")))
    yield Specimen(
        "the part is the whole mail",
        FAILED,
        "4.2.2",
        "Content-Type: message/delivery-status\n\nMIME-Version: 1.0\nReporting-MTA: dns; a.test\nContent-Type: text/plain\n\n"
        "MIME-Version: 1.0\nFinal-Recipient: RFC822; <ann@mail.test>\nAction: failed\nStatus: 4.2.2\n",
    )
    two = status_part(
        "Final-Recipient: rfc822; one@mail.test",
        "Action: failed",
        "Status: 5.1.1",
        "",
        "Final-Recipient: rfc822; two@mail.test",
        "Action: {}",
        "Status: {}",
    )
    yield Specimen("two, and one of them got it", DELIVERED, "2.0.0", standard(two.format("delivered", "2.0.0")))
    yield Specimen("two, and one is only full", FAILED, "5.2.2", standard(two.format("failed", "5.2.2")))
    yield Specimen("two, and one waits", FAILED, "5.1.1", standard(two.format("delayed", "4.0.0")))
    close = two.format("failed", "5.7.1").replace("\n\nFinal-Recipient: rfc822; two", "\nFinal-Recipient: rfc822; two")
    yield Specimen("two, not parted", FAILED, "5.7.1", standard(close))
    yield Specimen(
        "a gateway flattened it",
        FAILED,
        "5.1.1",
        head("MAILER-DAEMON@mx.mail.test", "Mail")
        + "It failed.\n\n"
        + of_ann("failed", "5.1.1")
        + "\n--- The original message:\n"
        + OUR_MAIL,
    )
    yield Specimen(
        "base64, which is forbidden",
        FAILED,
        "5.1.1",
        "Content-Type: message/delivery-status\nContent-Transfer-Encoding: base64\n\n"
        "RmluYWwtUmVjaXBpZW50OiByZmM4MjI7IGFubkBtYWlsLnRlc3QKQWN0aW9uOiBmYWlsZWQKU3RhdHVzOiA1LjEuMQo=\n",
    )


def of_unix() -> Iterator[Specimen]:
    exim = head("Mail Delivery System <Mailer-Daemon@mx.mail.test>", "{}", "Auto-Submitted: auto-replied", "{}")
    automatic = "This message was created automatically by mail delivery software.\n\n"
    failed = automatic + (
        "A message that you sent could not be delivered to one or more of its\nrecipients. This is a permanent error. The "
        "following address(es) failed:\n\n  ann@mail.test\n    {}\n\n------ This is a copy of the message, including all the "
        "headers. ------\n\n" + OUR_MAIL
    )
    subject, field = "Mail delivery failed: returning message to sender", "X-Failed-Recipients: ann@mail.test"
    yield Specimen("Exim", FAILED, "5.1.1", exim.format(subject, field) + failed.format("Unrouteable address"))
    remote = "host mx.next.test [192.0.2.5]\n    SMTP error from remote mail server after RCPT TO:<ann@mail.test>:\n    {}"
    yield Specimen("Exim, full", FAILED, "5.2.2", exim.format(subject, field) + failed.format(remote.format("552 over quota")))
    yield Specimen("Exim, old", FAILED, "5.4.7", exim.format(subject, field) + failed.format("retry timeout exceeded"))
    yield Specimen("Exim, without words", FAILED, "5.0.0", exim.format("Mail", field) + "\n")
    yield Specimen(
        "Exim, delayed",
        DELAYED,
        "4.0.0",
        exim.format("Warning: message 1abC-00 delayed 24 hours", "X-Nothing: 1")
        + automatic
        + "A message that you sent has not yet been delivered to one or more of its\nrecipients after more than 24 hours on the "
        "queue on mx.mail.test.\n\nNo action is required on your part. Delivery attempts will continue for\nsome time.\n",
    )
    qmail = head("MAILER-DAEMON@mx.mail.test", "failure notice") + (
        "Hi. This is the qmail-send program at mx.mail.test.\nI'm afraid I wasn't able to deliver your message to the following "
        "addresses.\nThis is a permanent error; I've given up. Sorry it didn't work out.\n\n<ann@mail.test>:\n{}\n\n--- Below "
        "this line is a copy of the message.\n\n" + OUR_MAIL
    )
    yield Specimen("qmail", FAILED, "5.1.1", qmail.format("Sorry, no mailbox here by that name. (#5.1.1)"))
    yield Specimen(
        "qmail, from afar",
        FAILED,
        "5.2.1",
        qmail.format("192.0.2.5 does not like recipient.\nRemote host said: 550 5.2.1 Mailbox disabled\nGiving up on 192.0.2.5."),
    )
    yield Specimen(
        "qmail, too old",
        FAILED,
        "5.4.7",
        qmail.format("I'm not going to try again; this message has been in the queue too long."),
    )
    postfix = (
        head("Mail Delivery System <MAILER-DAEMON@mx.mail.test>", "{}") + "This is the mail system at host mx.mail.test.\n\n"
    )
    yield Specimen(
        "Postfix without parts",
        FAILED,
        "5.7.1",
        postfix.format("Undelivered Mail Returned to Sender")
        + "I'm sorry to have to inform you that your message could not\nbe delivered to one or more recipients.\n\n"
        "<ann@mail.test>: host mx.next.test[192.0.2.5] said: 554 5.7.1 Service\n    unavailable; blocked\n",
    )
    yield Specimen(
        "Postfix without parts, delayed",
        DELAYED,
        "4.0.0",
        postfix.format("Delayed Mail (still being retried)")
        + "# THIS IS A WARNING ONLY.  YOU DO NOT NEED TO RESEND YOUR MESSAGE. #\n\nYour message could not be delivered for more "
        "than 4 hour(s).\nIt will be retried until it is 5 day(s) old.\n",
    )
    sendmail = head("Mail Delivery Subsystem <MAILER-DAEMON@mx.mail.test>", "{}")
    yield Specimen(
        "Sendmail",
        FAILED,
        "5.1.1",
        sendmail.format("Returned mail: see transcript for details")
        + "The original message was received at Mon, 23 Nov 2026 10:00:00 +0100\nfrom localhost [127.0.0.1]\n\n   ----- The "
        "following addresses had permanent fatal errors -----\n<ann@mail.test>\n\n   ----- Transcript of session follows -----\n"
        "... while talking to mx.next.test.:\n>>> RCPT To:<ann@mail.test>\n<<< 550 5.1.1 <ann@mail.test>... User unknown\n\n"
        "   ----- Message header follows -----\n" + OUR_MAIL,
    )
    yield Specimen(
        "Sendmail, delayed",
        DELAYED,
        "4.0.0",
        sendmail.format("Warning: could not send message for past 4 hours")
        + "    **********************************************\n    **      THIS IS A WARNING MESSAGE ONLY      **\n"
        "    **  YOU DO NOT NEED TO RESEND YOUR MESSAGE  **\n\n   ----- Transcript of session follows -----\n451 mx.next.test: "
        "Name server timeout\nWarning: message still undelivered after 4 hours\nWill keep trying until message is 5 days old\n",
    )
    yield Specimen(
        "Courier",
        FAILED,
        "5.1.1",
        head('"Courier mail server at mx.mail.test" <@>', "NOTICE: mail delivery status.")
        + "This is a delivery status notification from mx.mail.test,\nrunning the Courier mail server, version 1.0.\n\n"
        "                           UNDELIVERABLE MAIL\n\nYour message to the following recipients cannot be delivered:\n\n"
        "<ann@mail.test>:\n    mx.next.test [192.0.2.5]:\n>>> RCPT TO:<ann@mail.test>\n<<< 550 User unknown.\n",
    )


def of_others() -> Iterator[Specimen]:
    yield from of_companies()
    yield from of_hosts()


def of_companies() -> Iterator[Specimen]:
    yield Specimen(
        "Exchange of old",
        FAILED,
        "5.1.1",
        head("System Administrator <postmaster@acme.test>", "Undeliverable: Your atlas")
        + "Your message\n\n  Subject: Your atlas\n\ndid not reach the following recipient(s):\n\nann@mail.test on "
        "Mon, 23 Nov 2026\n    The e-mail account does not exist at the organization this message was sent to.\n"
        "            <mx.mail.test #5.1.1>\n",
    )
    yield Specimen(
        "Outlook, in HTML alone",
        FAILED,
        "5.1.10",
        head("Microsoft Outlook <postmaster@acme.test>", "Undeliverable: Your atlas", "Content-Type: text/html")
        + "<html><body><p><b>Delivery has failed to these recipients or groups:</b></p><p>ann@mail.test<br>The email address you "
        "entered couldn't be found.</p><p>Remote Server returned '550&nbsp;5.1.10 RESOLVER.ADR.RecipientNotFound'</p>\n",
    )
    yield Specimen(
        "Exchange, in German",
        FAILED,
        "5.2.2",
        head("postmaster@acme.test", "Unzustellbar: Ihr Atlas")
        + "Fehler bei der Nachrichtenzustellung an folgende Empfänger oder Gruppen:\n\nann@mail.test\nDas Postfach ist voll.\n",
    )
    yield Specimen(
        "Exchange, in a language that nobody told us",
        FAILED,
        "5.0.0",
        head("postmaster@acme.test", "배달되지 않음: 지도책") + "지도책\n",
    )
    yield Specimen(
        "Domino",
        FAILED,
        "5.1.1",
        head("postmaster@acme.test", "DELIVERY FAILURE: User ann (ann@mail.test) not listed in Domino Directory")
        + "Your message\n\n  Subject: Your atlas\n\nwas not delivered to:\n\n  ann@mail.test\n\nbecause:\n\n  User ann "
        "(ann@mail.test) not listed in Domino Directory\n",
    )
    yield Specimen(
        "GroupWise",
        FAILED,
        "5.1.1",
        head("Mailer-Daemon@acme.test", "Message status - undeliverable")
        + "The message that you sent was undeliverable to the following:\n\tann@mail.test (user not found)\n",
    )
    yield Specimen(
        "Amazon SES",
        FAILED,
        "5.1.1",
        head("MAILER-DAEMON@amazonses.test", "Delivery Status Notification (Failure)")
        + "An error occurred while trying to deliver the mail to the following recipients:\nann@mail.test\n550 5.1.1 unknown\n",
    )
    yield Specimen(
        "Mimecast",
        FAILED,
        "5.4.1",
        head("postmaster@gateway.test", "[Postmaster] Email Delivery Failure")
        + "This is a delivery failure notification message indicating that\nan email you addressed to email address :\n-- "
        "ann@mail.test\n\ncould not be delivered. The problem appears to be :\n-- Recipient email server rejected the message\n\n"
        "Additional information follows :\n-- 5.4.1 Recipient address rejected: Access denied\n",
    )
    yield Specimen(
        "a gateway that writes as itself",
        FAILED,
        "5.7.1",
        head("postmaster@gateway.test", "Mail failure") + "554 5.7.1 refused by our policy\n",
        "postmaster@gateway.test",
    )


def of_hosts() -> Iterator[Specimen]:
    gmail = head("Mail Delivery Subsystem <mailer-daemon@googlemail.test>", "Delivery Status Notification ({})", "{}")
    field = "X-Failed-Recipients: ann@mail.test"
    yield Specimen(
        "Gmail of old",
        FAILED,
        "5.1.2",
        gmail.format("Failure", field)
        + "Delivery to the following recipient failed permanently:\n\n     ann@mail.test\n\nTechnical details of permanent "
        "failure: \nDNS Error: Domain name not found\n\n----- Original message -----\n\n" + OUR_MAIL,
    )
    yield Specimen(
        "Gmail of old, delayed",
        DELAYED,
        "4.0.0",
        gmail.format("Delay", field)
        + "This is a Delivery Status Notification\n\nTHIS IS A WARNING MESSAGE ONLY.\n\nYOU DO NOT NEED TO "
        "RESEND YOUR MESSAGE.\n\nDelivery to the following recipient has been delayed:\n\n     ann@mail.test\n",
    )
    yield Specimen(
        "Yahoo",
        FAILED,
        "5.2.1",
        head("MAILER-DAEMON@yahoo.test", "Failure Notice")
        + "Sorry, we were unable to deliver your message to the following address.\n\n<ann@mail.test>:\nRemote host said: 554 "
        "delivery error: dd Sorry your message to ann@mail.test cannot be delivered. This account has been disabled or "
        "discontinued [#102]. [RCPT_TO]\n",
    )
    yield Specimen(
        "GMX",
        FAILED,
        "5.1.1",
        head("GMX Mailer Daemon <mailer-daemon@gmx.test>", "Mail delivery failed: returning message to sender")
        + "This message was created automatically by mail delivery software.\n\nA message that you sent could not be delivered"
        '\nto one or more of its recipients. This is a permanent error. The following address\nfailed:\n\n"ann@mail.test":\nSMTP '
        "error from remote server for RCPT TO command, host: mx.next.test\n550 Requested action not taken: mailbox unavailable\n"
        "no such user here\n\n\n--- The header of the original message is following. ---\n\n" + OUR_MAIL,
    )
    yield Specimen(
        "GMX, in German",
        FAILED,
        "5.2.2",
        head("mailer-daemon@gmx.test", "Mail konnte nicht zugestellt werden")
        + "Ihre Nachricht konnte nicht an folgende Empfänger zugestellt werden:\n\nann@mail.test\nQuota exceeded\n",
    )


def no_failures() -> Iterator[Specimen]:
    ann = "Ann Example <ann@mail.test>"
    away = "I am away until Monday. If your message could not be delivered to the following recipients, 550 5.1.1 user unknown.\n"
    yield Specimen("away", OTHER, "", head(ann, "Automatic reply: Your atlas", "Auto-Submitted: auto-replied") + away)
    yield Specimen("away, marked by nothing", OTHER, "", head(ann, "Re: Your atlas") + "I am away until Monday.\n")
    yield Specimen(
        "away, under the subject of a report",
        OTHER,
        "",
        head(ann, "Out of office: Undelivered Mail Returned to Sender", "Auto-Submitted: auto-replied") + "I am away.\n",
    )
    yield Specimen(
        "a challenge",
        OTHER,
        "",
        head(ann, "Re: Your atlas (please confirm)")
        + "Your message is being held. Please verify that you are a person: it could not be delivered to the following.\n",
    )
    yield Specimen(
        "a person's answer that quotes",
        OTHER,
        "",
        head(ann, "Re: Your atlas") + "What is this?\n\n> This is the qmail-send program at mx.mail.test.\n> 550 5.1.1\n",
        "ann@mail.test",
    )
    yield Specimen(
        "a receipt",
        OTHER,
        "",
        head(ann, "Read: Your atlas", "Content-Type: multipart/report; report-type=disposition-notification; boundary=b")
        + "--b\nContent-Type: message/disposition-notification\n\nDisposition: manual-action; displayed\n--b--\n",
    )
    yield Specimen(
        "success in words",
        DELIVERED,
        "2.0.0",
        head("MAILER-DAEMON@mx.mail.test", "Successful Mail Delivery Report") + "Your message was successfully delivered.\n",
    )
    yield Specimen(
        "a complaint",
        COMPLAINT,
        "",
        head("feedback@mail.test", "FW: Your atlas", "Content-Type: multipart/report; report-type=feedback-report; boundary=b")
        + "--b\nContent-Type: text/plain\n\nThis is an abuse report.\n--b\nContent-Type: message/feedback-report\n\n"
        "Feedback-Type: abuse\nVersion: 1\n\n--b\nContent-Type: message/rfc822\n\n" + OUR_MAIL + "\n--b--\n",
    )
    yield Specimen(
        "a complaint of Outlook.com",
        COMPLAINT,
        "",
        head("staff@hotmail.test", "complaint about message from 192.0.2.5") + OUR_MAIL,
    )
    yield Specimen("nothing", OTHER, "", "")
    yield Specimen("a status part that says nothing", OTHER, "", "Content-Type: message/delivery-status\n\nX: 1\n")
