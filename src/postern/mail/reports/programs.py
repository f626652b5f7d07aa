"""What mail servers write to people when something did not arrive: the sentences by which each program is known. Lists alone.

Each form is looked for in folded text (one space between words, no capitals), less quotations and the mail that is sent back with
it. The first that fits decides, so what only sounds like a failure stands before the failures. A sentence belongs here only if no
person writes it about anything else. Subjects count at their beginning: behind it stands that of our own mail.
"""

from dataclasses import dataclass

from postern.model.failure_report import ReportKind


@dataclass(frozen=True, slots=True)
class Form:
    """A program's way of saying it. One of the phrases is enough, or a subject that begins so."""

    name: str
    kind: ReportKind
    phrases: tuple[str, ...]
    subjects: tuple[str, ...] = ()

    def fits(self, subject: str, words: str) -> bool:
        return subject.startswith(self.subjects) or any(phrase in words for phrase in self.phrases)


FORMS = (
    Form(
        "a challenge",
        ReportKind.OTHER,
        (
            *("please verify that you are a person", "verify that you are human", "confirm that you are a human"),
            *("confirm that you are not a robot", "challenge-response", "challenge/response", "to release your message"),
            *(
                "click the link below to deliver your message",
                "reply to this message to confirm",
                "add yourself to my guest list",
            ),
            *("awaiting your verification", "held until you confirm", "not yet on my approved", "to complete this verification"),
            *("your message is being held", "has been held because you are not", "tmda", "boxbe", "spamarrest"),
        ),
    ),
    Form(
        "a warning",
        ReportKind.DELAYED,
        (
            *("this is a warning message only", "this is a warning only", "you do not need to resend your message"),
            *("has not yet been delivered", "not been able to deliver your message yet", "will be retried until it is"),
            *("will keep trying until", "delivery attempts will continue", "we will continue to try", "still being retried"),
            *(
                "transient non-fatal errors",
                "delivery to these recipients or groups has been delayed",
                "will continue to be made",
            ),
            *("delivery to the following recipient has been delayed", "message still undelivered after", "has been delayed"),
            *("there was a temporary problem delivering your message", "could not be delivered for more than"),
            *("nachricht ist verzögert", "wird weiterhin versucht"),
        ),
        (
            *("delayed mail (still being retried)", "delivery status notification (delay)", "warning: could not send message"),
            *("warning: message", "delivery delayed", "message delayed", "zustellung verzögert"),
        ),
    ),
    Form(
        "a success",
        ReportKind.DELIVERED,
        (
            *("was successfully delivered", "has been successfully delivered", "wurde erfolgreich zugestellt"),
            *("delivery to these recipients or groups is complete", "has been delivered to the following recipients"),
        ),
        ("successful mail delivery report", "delivery status notification (success)"),
    ),
    Form("qmail", ReportKind.FAILED, ("this is the qmail-send program at", "this is the deliver program at")),
    Form(
        "Exim",
        ReportKind.FAILED,
        (
            "a message that you sent could not be delivered to",
            "the following address(es) failed",
            "a message that you sent contained",
        ),
    ),
    Form(
        "Postfix",
        ReportKind.FAILED,
        (
            *("i'm sorry to have to inform you that your message could not", "this is the postfix program at host"),
            *("(in reply to rcpt to command)", "(in reply to end of data command)"),
        ),
        ("undelivered mail returned to sender",),
    ),
    Form(
        "Sendmail",
        ReportKind.FAILED,
        (
            *("transcript of session follows", "the following addresses had permanent fatal errors", "permanent fatal errors"),
            "the following addresses had delivery problems",
        ),
        ("returned mail: see transcript", "returned mail: user unknown", "returned mail: host unknown"),
    ),
    Form("Courier", ReportKind.FAILED, ("running the courier mail server", "undeliverable mail your message to the following")),
    Form(
        "Exchange",
        ReportKind.FAILED,
        (
            *("delivery has failed to these recipients", "did not reach the following recipient", "did not reach some or all of"),
            *(
                "your message wasn't delivered to",
                "your message couldn't be delivered",
                "your message to the following recipients could",
            ),
            *("delivery to the following recipients failed", "fehler bei der nachrichtenzustellung an folgende empfänger"),
            *("échec de la remise à ces destinataires", "se produjo un error al entregar", "impossibile recapitare il messaggio"),
            "ihre nachricht konnte nicht zugestellt werden",
        ),
    ),
    Form(
        "Gmail",
        ReportKind.FAILED,
        (
            *("delivery to the following recipient failed permanently", "technical details of permanent failure"),
            *("address not found your message wasn't delivered", "message blocked your message to"),
        ),
    ),
    Form(
        "Yahoo",
        ReportKind.FAILED,
        (
            *(
                "we were unable to deliver your message to the following address",
                "unable to deliver message to the following address",
            ),
            "sorry, we were unable to deliver your message",
        ),
    ),
    Form(
        "GMX",
        ReportKind.FAILED,
        (
            *("konnte nicht an folgende empfänger", "konnte an folgende empfänger nicht", "konnte nicht zugestellt werden"),
            "message log follows",
        ),
    ),
    Form(
        "Domino",
        ReportKind.FAILED,
        (
            *("not listed in domino directory", "not listed in public name & address book", "error delivering to"),
            "your message could not be delivered because",
        ),
    ),
    Form("GroupWise", ReportKind.FAILED, ("the message that you sent was undeliverable to the following",)),
    Form(
        "Amazon SES",
        ReportKind.FAILED,
        ("an error occurred while trying to deliver the mail to the following recipients", "delivery stopped by mail relay"),
    ),
    Form(
        "Mimecast",
        ReportKind.FAILED,
        ("this is a delivery failure notification message",),
        ("[postmaster] email delivery failure",),
    ),
    Form(
        "another program",
        ReportKind.FAILED,
        (
            *("the following recipients could not be reached", "your message cannot be delivered to the following"),
            *("permanent failure for one or more recipients", "your mail to the following recipients could not be delivered"),
            *("message could not be delivered to the following", "failed addresses follow", "undeliverable address:"),
            *("delivery failed for the following", "this message was undeliverable due to the following reason"),
            *("user's mailbox is full", "the user(s) account is temporarily over quota", "returned to sender because"),
            *("could not be delivered to the following recipient", "mail could not be delivered to"),
        ),
    ),
)

# Of a mail that is a mail server's by all signs, these alone say that it failed, in whatever language the rest is.
FAILED_SUBJECTS = (
    *("undeliverable", "undelivered", "delivery status notification (failure)", "failure notice", "returned mail"),
    *(
        "mail delivery failed",
        "mail delivery failure",
        "delivery failure",
        "delivery failed",
        "mail system error - returned mail",
    ),
    *("unzustellbar", "nicht zustellbar", "zustellung fehlgeschlagen", "non remis", "échec de remise", "no se puede entregar"),
    *("no entregado", "non recapitabile", "onbestelbaar", "não é possível entregar", "niedostarczone", "nedoručitelné"),
    *(
        "går inte att leverera",
        "kan ikke leveres",
        "toimitus epäonnistui",
        "недоставлено",
        "не доставлено",
        "配信不能",
        "无法投递",
    ),
    *("无法传递", "배달되지 않음", "系统退信", "系統退信"),
)
