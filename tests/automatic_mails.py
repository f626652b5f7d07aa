"""Mails of robots and of people, in our own words: what the recogniser is measured by.

Each stands for a program that exists: its fields, its way of naming things, its language. The people among them write what a
hasty reader takes for a robot's mail, or through programs that mark their mail as if it were.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from postern.mail.letter import Reading
from postern.mail.reader import read
from postern.model.automatic import AutomaticKind
from postern.model.envelope import Envelope
from tests.letters import ACMES_ALIAS, ANNS_ALIAS, LIMITS, octets

ANN = "Ann Example <ann@mail.test>"
ACME = "Acme Books <help@acme.test>"
ANNS_PATH = "ann@mail.test"
ACMES_PATH = "bounce-17@acme.test"
OUR_ID = "<06awj2000000000000000000g4@marketplace.example>"


@dataclass(frozen=True, slots=True)
class Specimen:
    """One mail. ``lines`` are its header fields as they travel; ``kind`` is None for a person's."""

    name: str
    kind: AutomaticKind | None
    lines: tuple[str, ...]
    body: str = "Hello\n"
    reverse_path: str = ANNS_PATH
    recipient: str = ACMES_ALIAS

    def reading(self, *more: str, first: bool = False) -> Reading:
        """The mail as read, with more fields behind its own, or before them."""
        lines = (*more, *self.lines) if first else (*self.lines, *more)
        return read(octets("\n".join(lines) + f"\n\n{self.body}"), LIMITS)

    @property
    def envelope(self) -> Envelope:
        return Envelope(self.reverse_path, (self.recipient,))


def _of_buyer(
    name: str, kind: AutomaticKind | None, subject: str, *lines: str, path: str = ANNS_PATH, body: str = "Hello\n"
) -> Specimen:
    return Specimen(name, kind, (f"From: {ANN}", f"To: {ACMES_ALIAS}", f"Subject: {subject}", *lines), body, path)


def _of_seller(name: str, kind: AutomaticKind | None, subject: str, *lines: str, path: str = ACMES_PATH) -> Specimen:
    head = (f"From: {ACME}", f"To: {ANNS_ALIAS}", f"Subject: {subject}")
    return Specimen(name, kind, (*head, *lines), "Dear Ann, it left today.\n", path, ANNS_ALIAS)


def _of_server(name: str, author: str, subject: str, *lines: str, path: str = "", body: str = "It did not arrive.\n") -> Specimen:
    return Specimen(name, AutomaticKind.DELIVERY_REPORT, (f"From: {author}", f"Subject: {subject}", *lines), body, path)


# Robots

_REPORT = "Content-Type: multipart/report; report-type={0}; boundary=b"
_PARTS = "--b\nContent-Type: text/plain\n\n{1}\n--b\nContent-Type: message/{0}\n\n{2}\n--b--\n"


def _report(part: str, words: str, lines: str) -> tuple[str, str]:
    return _REPORT.format(part), _PARTS.format(part, words, lines)


_DSN, _DSN_BODY = _report(
    "delivery-status", "Could not be delivered.", "Reporting-MTA: dns; mx.test\n\nAction: failed\nStatus: 5.1.1"
)
_MIXED_DSN = "Content-Type: multipart/mixed; boundary=b"


def delivery_reports() -> Iterator[Specimen]:
    """Reports as the standard wants them, and as hosts write them in its place."""
    yield from _reports_of_unix()
    yield from _reports_of_microsoft()
    yield from _reports_of_hosts()
    yield from _reports_by_shape()


def _reports_of_unix() -> Iterator[Specimen]:
    postfix = "Mail Delivery System <MAILER-DAEMON@mx.test>"
    yield _of_server(
        "Postfix", postfix, "Undelivered Mail Returned to Sender", "Auto-Submitted: auto-replied", _DSN, body=_DSN_BODY
    )
    yield _of_server("Postfix, delayed", postfix, "Delayed Mail (still being retried)", _DSN, body=_DSN_BODY)
    yield _of_server(
        "Postfix, behind a gateway", postfix, "Undelivered Mail Returned to Sender", _DSN, path="pm@mx.test", body=_DSN_BODY
    )
    exim = "Mail Delivery System <Mailer-Daemon@mx.test>"
    yield _of_server("Exim", exim, "Mail delivery failed: returning message to sender", "X-Failed-Recipients: x@y.test")
    yield _of_server("Exim, delayed", exim, "Warning: message 1abC-0002 delayed 24 hours", "Auto-Submitted: auto-replied")
    yield _of_server(
        "Exim, reverse path rewritten", "mx@mx.test", "Mail delivery failed", "X-Failed-Recipients: x@y.test", path="mx@mx.test"
    )
    sendmail = "Mail Delivery Subsystem <MAILER-DAEMON@mx.test>"
    failure = "Auto-Submitted: auto-generated (failure)"
    yield _of_server("Sendmail", sendmail, "Returned mail: see transcript for details", failure, _DSN, body=_DSN_BODY)
    yield _of_server(
        "Sendmail, warning",
        sendmail,
        "Warning: could not send message for past 4 hours",
        "Auto-Submitted: auto-generated (warning-timeout)",
    )
    yield _of_server("Sendmail, odd author", "root@mx.test", "Problem", failure, path="root@mx.test")
    yield _of_server("qmail", "MAILER-DAEMON@mx.test", "failure notice", body="Hi. This is the qmail-send program at mx.test.\n")
    yield _of_server("qmail, path kept", "MAILER-DAEMON@mx.test", "failure notice", path="#@[]")


def _reports_of_microsoft() -> Iterator[Specimen]:
    microsoft = "Microsoft Outlook <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@acme.test>"
    yield _of_server(
        "Exchange Online", microsoft, "Undeliverable: Your atlas", "Auto-Submitted: auto-replied", _DSN, body=_DSN_BODY
    )
    yield _of_server("Exchange Online, German", microsoft, "Unzustellbar: Ihr Atlas", _DSN, body=_DSN_BODY)
    yield _of_server(
        "Exchange, a relay's postmaster", "postmaster@acme.test", "Undeliverable: Your atlas", path="postmaster@acme.test"
    )
    yield _of_server(
        "Exchange 2003", "postmaster@acme.test", "Delivery Status Notification (Failure)", path="postmaster@acme.test"
    )
    yield _of_server(
        "Exchange, content class",
        "System Administrator <sa@acme.test>",
        "Undeliverable: x",
        "Content-Class: urn:content-classes:dsn",
        path="sa@acme.test",
    )
    yield _of_server("French Exchange", "postmaster@acme.test", "Non remis : Votre atlas", path="postmaster@acme.test")
    yield _of_server("Spanish Exchange", "postmaster@acme.test", "No se puede entregar: su atlas")
    yield _of_server("Italian Exchange", "postmaster@acme.test", "Non recapitabile: il suo atlante", path="postmaster@acme.test")
    yield _of_server("Polish Exchange", "postmaster@acme.test", "Niedostarczone: atlas", path="postmaster@acme.test")
    yield _of_server("Czech Exchange", "postmaster@acme.test", "Nedoručitelné: atlas", path="postmaster@acme.test")
    yield _of_server("Swedish Exchange", "postmaster@acme.test", "Går inte att leverera: atlas", path="postmaster@acme.test")
    yield _of_server("Japanese Exchange", "postmaster@acme.test", "配信不能: 地図帳", path="postmaster@acme.test")
    yield _of_server("Korean Exchange", "postmaster@acme.test", "배달되지 않음: 지도책", path="postmaster@acme.test")


def _reports_of_hosts() -> Iterator[Specimen]:
    gmail = "Mail Delivery Subsystem <mailer-daemon@googlemail.test>"
    yield _of_server(
        "Gmail", gmail, "Delivery Status Notification (Failure)", "X-Failed-Recipients: x@y.test", _DSN, body=_DSN_BODY
    )
    yield _of_server("Gmail, delay", gmail, "Delivery Status Notification (Delay)", _DSN, body=_DSN_BODY)
    yield _of_server(
        "Outlook.com", "postmaster@outlook.test", "Undeliverable: x", "X-MS-Exchange-Message-Is-Ndr:", _DSN, body=_DSN_BODY
    )
    yield _of_server(
        "Domino", "Mail Router <mr@acme.test>", "DELIVERY FAILURE: User ann not listed in Directory", path="mr@acme.test"
    )
    yield _of_server("Domino, proper", "Postmaster@acme.test", "DELIVERY FAILURE: Over quota", _DSN, body=_DSN_BODY)
    yield _of_server(
        "GroupWise", "Mail System <postmaster@acme.test>", "Message status - undeliverable", path="postmaster@acme.test"
    )
    yield _of_server("Courier", "MAILER-DAEMON@mx.test", "NOTICE: mail delivery status.", _DSN, body=_DSN_BODY)
    yield _of_server("Zimbra", "MAILER-DAEMON@zimbra.test", "Undelivered Mail Returned to Sender", path="MAILER-DAEMON")
    yield _of_server("MDaemon", "MDaemon@acme.test", "Permanent Delivery Failure")
    yield _of_server("CommuniGate", "Mail Delivery System <MAILER-DAEMON@cg.test>", "Undeliverable mail: Hello")
    yield _of_server("IMail", "Postmaster <postmaster@im.test>", "Undeliverable Mail", path="postmaster@im.test")
    yield _of_server("InterScan", "postmaster@trend.test", "Mail could not be delivered", path="postmaster@trend.test")
    yield _of_server("Yahoo", "MAILER-DAEMON@yahoo.test", "Failure Notice")
    yield _of_server(
        "mail.ru", "mailer-daemon@corp.ru.test", "Ваше сообщение не доставлено. Mail failure.", path="mailer-daemon@corp.ru.test"
    )
    yield _of_server("Yandex", "mailer-daemon@yandex.test", "Недоставленное сообщение")
    yield _of_server("QQ Mail", "PostMaster@qq.test", "系统退信/Systems bounce")
    yield _of_server("NetEase", "Postmaster@netease.test", "系统退信", path="Postmaster@netease.test")
    yield _of_server("Naver", "mailer-daemon@naver.test", "[발송실패 안내] 메일이 전송되지 못했습니다")
    yield _of_server("KDDI", "Postmaster@ez.test", "Mail System Error - Returned Mail", path="postmaster@ez.test")
    yield _of_server("Docomo", "Mail Delivery Subsystem <mailer@docomo.test>", "配信エラー", path="mailer@docomo.test")
    yield _of_server(
        "Amazon SES", "MAILER-DAEMON@eu-central-1.ses.test", "Delivery Status Notification (Failure)", _DSN, body=_DSN_BODY
    )


def _reports_by_shape() -> Iterator[Specimen]:
    yield _of_server(
        "a report without a type",
        "robot@mx.test",
        "Hello",
        "Content-Type: multipart/report; boundary=b",
        body=_DSN_BODY,
        path="r@mx.test",
    )
    yield _of_server("a report in a mixed mail", "postmaster@mx.test", "Bad news", _MIXED_DSN, body=_DSN_BODY, path="pm@mx.test")
    yield _of_server(
        "a report in a mixed mail, subject", "robot@mx.test", "Undeliverable: x", _MIXED_DSN, body=_DSN_BODY, path="r@mx.test"
    )
    yield _of_server(
        "nothing but the status",
        "x@mx.test",
        "Status",
        "Content-Type: message/delivery-status",
        body="Action: failed\n",
        path="r@mx.test",
    )
    yield _of_server(
        "international", "x@mx.test", "Status", "Content-Type: message/global-delivery-status", body="Action: failed\n"
    )


# What programs in each language call it; the second is a notice of absence where they have a name for it.
_LANGUAGES = (
    ("English", "Automatic reply: Your order", "Out of Office AutoReply: Your order"),
    ("German", "Automatische Antwort: Ihre Bestellung", "Abwesenheitsnotiz: Ihre Bestellung"),
    ("French", "Réponse automatique : Votre commande", "Message d’absence"),
    ("Spanish", "Respuesta automática: Su pedido", "Fuera de la oficina"),
    ("Catalan", "Resposta automàtica: La comanda", ""),
    ("Italian", "Risposta automatica: Il suo ordine", "Fuori sede: Il suo ordine"),
    ("Dutch", "Automatisch antwoord: Uw bestelling", "Afwezigheidsbericht"),
    ("Portuguese", "Resposta automática: O seu pedido", "Ausência do escritório"),
    ("Polish", "Odpowiedź automatyczna: Zamówienie", "Poza biurem"),
    ("Czech", "Automatická odpověď: Objednávka", "Mimo kancelář: Objednávka"),
    ("Slovak", "Automatická odpoveď: Objednávka", "Mimo kancelárie"),
    ("Slovene", "Samodejni odgovor: Naročilo", "Odsoten iz pisarne"),
    ("Croatian", "Automatski odgovor: Narudžba", "Izvan ureda"),
    ("Serbian", "Аутоматски одговор: Поруџбина", ""),
    ("Hungarian", "Automatikus válasz: Rendelés", ""),
    ("Romanian", "Răspuns automat: Comanda", "Plecat din birou"),
    ("Bulgarian", "Автоматичен отговор: Поръчка", "Извън офиса"),
    ("Russian", "Автоматический ответ: Заказ", "Вне офиса"),
    ("Ukrainian", "Автоматична відповідь: Замовлення", "Поза офісом"),
    ("Greek", "Αυτόματη απάντηση: Παραγγελία", "Εκτός γραφείου"),
    ("Turkish", "OTOMATİK YANIT: Sipariş", "Ofis dışında"),
    ("Swedish", "Automatiskt svar: Beställning", "Frånvaromeddelande"),
    ("Danish", "Automatisk svar: Bestilling", "Fraværsmeddelelse"),
    ("Norwegian", "Autosvar: Bestilling", "Fraværsmelding"),
    ("Finnish", "Automaattinen vastaus: Tilaus", "Poissaoloilmoitus"),
    ("Estonian", "Automaatvastus: Tellimus", "Kontorist väljas"),
    ("Latvian", "Automātiska atbilde: Pasūtījums", "Ārpus biroja"),
    ("Lithuanian", "Automatinis atsakymas: Užsakymas", "Nėra biure"),
    ("Japanese", "【自動返信】ご注文", ""),
    ("Chinese", "自动回复:订单", "不在办公室"),
    ("Taiwanese", "自動回覆：訂單", ""),
    ("Korean", "[자동응답] 주문", "부재중 자동응답"),
    ("Arabic", "رد تلقائي: الطلب", "خارج المكتب"),
    ("Hebrew", "תשובה אוטומטית: ההזמנה", "מחוץ למשרד"),
    ("Thai", "ตอบกลับอัตโนมัติ: คำสั่งซื้อ", ""),
    ("Vietnamese", "Trả lời tự động: Đơn hàng", ""),
    ("Indonesian", "Balasan otomatis: Pesanan", "Di luar kantor"),
)


def auto_replies() -> Iterator[Specimen]:
    """Automatic replies and notices of absence: by their subject alone in every language, then as programs mark them."""
    for language, reply, absence in _LANGUAGES:
        yield _of_buyer(f"{language} automatic reply, no field tells", AutomaticKind.AUTO_REPLY, reply)
        if absence:
            yield _of_buyer(f"{language} absence, no field tells", AutomaticKind.OUT_OF_OFFICE, absence)
    yield from _replies_by_field()
    yield from _acknowledgements()


def _replies_by_field() -> Iterator[Specimen]:
    reply, absence = AutomaticKind.AUTO_REPLY, AutomaticKind.OUT_OF_OFFICE
    yield _of_buyer(
        "Gmail vacation",
        reply,
        "I am at sea Re: Your atlas",
        "Auto-Submitted: auto-replied",
        "Precedence: bulk",
        "X-Autoreply: yes",
    )
    yield _of_buyer(
        "Dovecot vacation", absence, "Auto: Your atlas", "Auto-Submitted: auto-replied (vacation)", "Precedence: bulk", path=""
    )
    yield _of_buyer(
        "comments around", reply, "Re: Atlas", 'Auto-Submitted: (a (nested) one) auto-replied (rejected); owner-email="x"'
    )
    yield _of_buyer("capitals", reply, "Re: Atlas", "AUTO-SUBMITTED: Auto-Replied")
    yield _of_buyer("encoded word", reply, "Re: Atlas", "Auto-Submitted: =?utf-8?q?auto-replied?=")
    yield _of_buyer("folded", reply, "Re: Atlas", "Auto-Submitted:\n auto-replied")
    yield _of_buyer("after a no", reply, "Re: Atlas", "Auto-Submitted: no", "Auto-Submitted: auto-replied")
    exchange = (
        "X-Auto-Response-Suppress: All",
        "X-MS-Exchange-Inbox-Rules-Loop: ann@mail.test",
        "auto-submitted: auto-generated",
    )
    yield _of_buyer("Exchange out of office", absence, "Out of Office: Your atlas", *exchange, path="")
    yield _of_buyer("Exchange rule", reply, "RE: Your atlas", *exchange)
    yield _of_buyer("Exchange rule, loop mark alone", reply, "RE: Your atlas", exchange[1])
    yield _of_buyer("Exchange template", absence, "Thanks", "X-MAPI-Message-Class: IPM.Note.Rules.OofTemplate.Microsoft")
    yield _of_buyer(
        "cPanel BoxTrapper", reply, "Your mail", "X-Autorespond: Re: atlas", "Precedence: auto_reply", "X-Precedence: auto_reply"
    )
    yield _of_buyer("cPanel autoresponder", reply, "Your mail", "Preference: auto-reply")
    yield _of_buyer("qmail autoresponder", reply, "Your mail", "Delivered-To: Autoresponder")
    yield _of_buyer("Mailtraq", reply, "Your mail", "X-POST-MessageClass: 9; Autoresponder")
    yield _of_buyer("DTC", reply, "Your mail", "X-AutoReply-From: ann@mail.test", "X-Mail-Autoreply: x")
    yield _of_buyer("CommuniGate rule", reply, "Re: atlas", "X-Autogenerated: Reply")
    for field in ("X-Auto-Reply", "X-Auto-Reply-From", "X-Autoresponder", "X-Autoresponse", "X-Auto-Response", "Autorespond"):
        yield _of_buyer(f"a program that writes {field}", reply, "Re: atlas", f"{field}: yes")
    for field in ("Autoresponder", "Auto-Response"):
        yield _of_buyer(f"a program that writes {field}", reply, "Re: atlas", f"{field}: 1")
    yield _of_buyer("Eventum's", absence, "Re: atlas", "X-VacationMessage: Yes")
    yield _of_buyer("UserVoice", reply, "Re: atlas", "X-UV-Mailing: auto_response")
    yield _of_buyer("an old vacation program", reply, "This is an automatic reply [Re: atlas]", "Precedence: junk", path="ann")
    yield _of_buyer("Solaris vacation", absence, "away from my mail", "Precedence: junk", path="")
    yield _of_buyer(
        "Notes agent", absence, "Ann Example is out of the office (returning 3 January)", "X-Auto-Response-Suppress: OOF"
    )
    yield _of_buyer("a rule that answers after Re:", reply, "AW: Automatische Antwort", exchange[1])
    yield _of_buyer("out of office until", absence, "Out of office until 3 January", "Precedence: bulk", path="")
    yield _of_buyer("PHP responder", reply, "Thank you", "X-Mailer: Acme AutoResponder 2.1")
    yield _of_buyer("a shop in Japan", reply, "【自動返信】ご注文ありがとうございます")
    yield _of_buyer("a dash", reply, "Automatic Reply - thank you")
    yield _of_buyer("a full stop", reply, "Auto response. Thank you")
    yield _of_buyer("in brackets", reply, "[Auto-Reply] Your atlas")
    yield _of_buyer("full-width colon", reply, "自动回复：您的订单")
    yield _of_buyer("invisible letters and accents apart", reply, "Re\u0301ponse auto\u200bmatique : atlas")
    yield _of_buyer("iCloud vacation", absence, "Re: Atlas", "X-Apple-Action: VACATION", "Message-ID: <17-vac@icloud.test>")
    yield _of_buyer("GMX absence", absence, "Abwesenheitsnotiz Re: Atlas", path="")


def _acknowledgements() -> Iterator[Specimen]:
    reply = AutomaticKind.AUTO_REPLY
    zendesk = (
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: All",
        "X-Mailer: Zendesk Mailer",
        "X-Zendesk-Email-Id: 01A",
    )
    yield _of_seller("Zendesk's acknowledgement", reply, "[Request received] Where is my atlas?", *zendesk)
    yield _of_seller("Zendesk's, in German", reply, "[Anfrage erhalten] Wo ist mein Atlas?", *zendesk)
    osticket = ("X-Mailer: osTicket Mailer", "Precedence: auto_reply", "X-Autoreply: yes", "Auto-Submitted: auto-replied")
    yield _of_seller("osTicket's acknowledgement", reply, "Support Ticket Opened [#17]", *osticket)
    yield _of_seller("FreeScout's acknowledgement", reply, "Re: Atlas", "X-FreeScout-Mail-Type: auto.reply", "X-Autoreply: yes")
    zammad = ("X-Powered-By: Zammad - Helpdesk/Support", "Precedence: bulk", "X-Auto-Response-Suppress: All", "X-Loop: yes")
    yield _of_seller("Zammad's acknowledgement", AutomaticKind.BULK, "Thanks for your inquiry (Atlas)", *zammad)
    yield _of_seller(
        "Znuny's acknowledgement",
        reply,
        "Re: [Ticket#17] Atlas",
        "X-Mailer: Znuny Mail Service",
        "X-Loop: yes",
        "Auto-Submitted: auto-replied",
    )
    yield _of_seller(
        "Freshdesk's acknowledgement",
        reply,
        "Ticket Received - Atlas",
        "Auto-Submitted: auto-generated",
        "Message-ID: <17.a@acme.freshdesk.com>",
    )
    yield _of_seller(
        "Request Tracker's autoreply",
        reply,
        "[acme #17] AutoReply: Atlas",
        "RT-Ticket: acme #17",
        "Auto-Submitted: auto-replied",
        "Precedence: bulk",
    )
    yield _of_seller(
        "JTL's acknowledgement", reply, "Ihre Anfrage ist eingegangen [17]", "X-Mailer: JTL-Wawi", "Precedence: bulk"
    )


def others() -> Iterator[Specimen]:
    """Receipts, calendars, complaints, lists, newsletters, programs, and what we wrote ourselves."""
    yield from _receipts()
    yield from _machines()
    yield from _own()


def _receipts() -> Iterator[Specimen]:
    receipt, calendar, abuse = AutomaticKind.RECEIPT, AutomaticKind.CALENDAR_ANSWER, AutomaticKind.ABUSE_REPORT
    mdn, mdn_body = _report(
        "disposition-notification", "It was displayed.", "Disposition: manual-action/MDN-sent-manually; displayed"
    )
    arf, arf_body = _report("feedback-report", "This is a report.", "Feedback-Type: abuse\nVersion: 1")
    yield _of_buyer("Outlook receipt", receipt, "Read: Your atlas", mdn, body=mdn_body)
    yield _of_buyer("Thunderbird receipt", receipt, "Return Receipt (displayed) - Your atlas", mdn, body=mdn_body, path="")
    yield _of_buyer("Gmail receipt", receipt, "Gelesen: Ihr Atlas", mdn, "Auto-Submitted: auto-replied", body=mdn_body)
    yield _of_buyer("a receipt by its class", receipt, "Lu : votre atlas", "Content-Class: urn:content-classes:mdn")
    yield _of_buyer("a bare receipt", receipt, "Read: Your atlas", path="")
    yield _of_buyer("not read", receipt, "Not read: Your atlas", "X-MAPI-Message-Class: REPORT.IPM.Note.IPNNRN")
    accepted = "BEGIN:VCALENDAR\nMETHOD:REPLY\nBEGIN:VEVENT\nCOMMENT:Yes\nEND:VEVENT\nEND:VCALENDAR\n"
    part = f"--b\n\nYes\n--b\nContent-Type: text/calendar; charset=utf-8; method=REPLY\n\n{accepted}--b--\n"
    yield _of_buyer(
        "Outlook accepts", calendar, "Accepted: Fitting", "Content-Type: multipart/alternative; boundary=b", body=part
    )
    yield _of_buyer(
        "Google accepts",
        calendar,
        "Accepted: Fitting",
        "Content-Type: multipart/mixed; boundary=b",
        body=part.replace("; method=REPLY", ""),
    )
    yield _of_buyer(
        "nothing but a calendar", calendar, "Declined: Fitting", 'Content-Type: text/calendar; method="reply"', body=accepted
    )
    ics = part.replace("text/calendar; charset=utf-8; method=REPLY", "application/ics; name=invite.ics")
    yield _of_buyer("an attached answer", calendar, "Tentative: Fitting", "Content-Type: multipart/mixed; boundary=b", body=ics)
    yield _of_buyer("a complaint", abuse, "FW: Your atlas", arf, body=arf_body)
    yield _of_buyer(
        "Outlook.com's complaint", abuse, "complaint about message from 192.0.2.1", "X-HmXmrOriginalRecipient: ann@mail.test"
    )


def _machines() -> Iterator[Specimen]:
    bulk, listed, machine = AutomaticKind.BULK, AutomaticKind.MAILING_LIST, AutomaticKind.MACHINE
    yield _of_buyer(
        "Mailman",
        listed,
        "[readers] Atlas",
        "List-Id: <readers.mail.test>",
        "List-Post: <mailto:r@mail.test>",
        "Precedence: list",
    )
    yield _of_buyer("Google Groups", listed, "Atlas", "Mailing-list: list readers@groups.test", "X-Google-Group-Id: 17")
    yield _of_buyer("an old list", listed, "Atlas", "X-Mailing-List: <readers@mail.test> archive/latest/17")
    for field in ("X-Mailman-Version", "X-BeenThere", "X-Listserver", "X-MLServer"):
        yield _of_buyer(f"a list that writes {field}", listed, "Atlas", f"{field}: readers@mail.test")
    for field in ("List-Archive", "List-Owner", "List-Subscribe"):
        yield _of_buyer(f"a list that writes {field}", listed, "Atlas", f"{field}: <https://mail.test/readers>")
    yield _of_buyer("a list from before", listed, "Atlas", "Sender: owner-readers@mail.test", "Precedence: bulk")
    yield _of_buyer("a list in Japan", listed, "[ml:00017] 地図帳", "X-ML-Name: readers")
    unsubscribe = ("List-Unsubscribe: <https://acme.test/u/1>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click")
    yield _of_seller("newsletter", bulk, "New atlases", *unsubscribe, "Feedback-ID: 17:17.9:campaign:mailhouse")
    for field in ("X-Campaign", "X-Campaign-Id", "X-CampaignID"):
        yield _of_seller(f"newsletter with {field}", bulk, "New atlases", "List-Help: <https://acme.test/help>", f"{field}: 17")
    yield _of_seller("newsletter, bulk", bulk, "New atlases", *unsubscribe, "Precedence: bulk")
    yield _of_seller(
        "newsletter, Mailchimp", bulk, "New atlases", *unsubscribe, "X-Mailer: Mailchimp Mailer - **CID1**", "X-MC-User: 17"
    )
    yield _of_seller("a robot's order mail", machine, "Your order 17", "Auto-Submitted: auto-generated")
    yield _of_seller("notified", machine, "Reminder", 'Auto-Submitted: auto-notified; owner-email="x@acme.test"')
    yield _of_seller("another keyword", machine, "Reminder", "Auto-Submitted: yes")
    yield _of_seller("Exchange itself", machine, "Quota", "X-MS-Exchange-Generated-Message-Source: Mailbox Rules Agent")
    yield _of_seller("cron", machine, "Cron <root@acme> report", "X-Cron-Env: <SHELL=/bin/sh>", "Auto-Submitted: auto-generated")
    yield _of_seller("GitHub", machine, "[atlas] Run failed", "X-GitHub-Reason: ci_activity")
    yield _of_seller("OTRS", machine, "[Ticket#17] Atlas", "X-OTRS-Loop: yes", "X-Mailer: OTRS Mail Service")
    yield _of_seller("FirstClass", machine, "Note", "X-FC-MachineGenerated: true")
    yield _of_seller("Amazon", machine, "Shipped", "X-AMAZON-MAIL-RELAY-TYPE: notification")
    yield _of_seller("the null sender", machine, "Your order", path="")
    yield _of_seller("the null sender, kept in a field", machine, "Your order", "Return-Path: <>")
    silent = ("X-Auto-Response-Suppress: OOF", "From: Acme <no-reply@acme.test>")
    yield _of_seller("nobody reads the answer", machine, "Your order", *silent)
    yield _of_server_machine("DMARC report", "Report Domain: acme.test Submitter: mx.test Report-ID: <17@mx.test>")


def _of_server_machine(name: str, subject: str) -> Specimen:
    return Specimen(name, AutomaticKind.MACHINE, ("From: dmarc@mx.test", f"Subject: {subject}"), "", "dmarc@mx.test")


def _own() -> Iterator[Specimen]:
    own = AutomaticKind.OWN
    yield _of_buyer(
        "a notice came back",
        own,
        "Your message was not delivered",
        "X-Postern-Notice: buyer_opted_out",
        "Auto-Submitted: auto-generated",
    )
    yield _of_buyer("a relayed mail came back", own, "Where is my atlas?", f"Message-ID: {OUR_ID}")
    yield _of_buyer("a relayed mail came back, in capitals", own, "Where is my atlas?", f"Message-ID: {OUR_ID.upper()}")
    yield Specimen("From is an alias", own, (f"From: {ANNS_ALIAS}", "Subject: Atlas"))
    yield Specimen("From is no-reply@", own, ("From: Example Market <No-Reply@marketplace.example>", "Subject: Atlas"))
    path = "rp-abcdefgh234567@marketplace.example"
    yield _of_buyer("sent on with our return path", own, "Where is my atlas?", path=path)
    yield _of_buyer(
        "sent on by a forwarder", own, "Where is my atlas?", path="SRS0=x1=AB=marketplace.example=rp-abcdefgh234567@mail.test"
    )
    yield _of_buyer("our return path in a field", own, "Where is my atlas?", f"Return-Path: <{path}>")
    yield _of_buyer("a loop's mark", own, "Where is my atlas?", f"X-Loop: {ACMES_ALIAS}")


def robots() -> Iterator[Specimen]:
    yield from delivery_reports()
    yield from auto_replies()
    yield from others()


# People

# What the mail programs of people write, beside From, To and Subject.
PROGRAMS = {
    "Outlook": (
        "Thread-Topic: Atlas",
        "Thread-Index: AQHZxyz",
        "X-MS-Has-Attach:",
        "X-MS-TNEF-Correlator:",
        "X-MS-Exchange-SenderADCheck: 1",
        "x-ms-exchange-antispam-relay: 0",
        "X-OriginatorOrg: mail.test",
        "Content-Class: urn:content-classes:message",
    ),
    "Outlook 2010": (
        "X-Mailer: Microsoft Outlook 14.0",
        "X-Priority: 3 (Normal)",
        "X-MimeOLE: Produced By Microsoft MimeOLE",
        "Importance: Normal",
    ),
    "Outlook, silent": (
        "X-Auto-Response-Suppress: DR, RN, NRN, OOF, AutoReply",
        "X-MS-Exchange-Parent-Message-Id: <1@mail.test>",
    ),
    "Gmail": (
        "MIME-Version: 1.0",
        "X-Google-DKIM-Signature: v=1; a=rsa-sha256",
        "X-Gm-Message-State: AOJu0Y",
        "X-Received: by 10.0.0.1",
    ),
    "Apple Mail": ("X-Mailer: Apple Mail (2.3774.600.62)", "Mime-Version: 1.0 (Mac OS X Mail 16.0)", "X-Apple-Auto-Saved: 1"),
    "iPhone": ("X-Mailer: iPhone Mail (21F90)", "X-Universally-Unique-Identifier: 17"),
    "GMX": (
        "X-Priority: 3",
        "Importance: normal",
        "Sensitivity: Normal",
        "X-UI-Sender-Class: 01bb95c1",
        "X-Provags-ID: V03:K1:x",
    ),
    "WEB.DE": ("X-UI-Message-Type: mail", "X-UI-Out-Filterresults: notjunk:1;V03", "X-Spam-Flag: NO"),
    "Yahoo": (
        "Sender: ann@mail.test",
        "X-Mailer: WebService/1.1.22205 YMailNorrin",
        "X-YMail-OSG: x",
        "X-Sonic-MF: <ann@mail.test>",
    ),
    "QQ Mail": (
        "X-QQ-mid: webmail17",
        "X-QQ-XMAILINFO: x",
        "X-QQ-SSF: 00000",
        "X-Mailer: QQMail 2.x",
        "X-QQ-MIME: TCMime 1.0 by Tencent",
    ),
    "Naver": ("X-Naver-CIP: x", "X-Works-Send-Opt: x", "X-Works-Smtp-Source: x", "Importance: normal", "X-Mailer: Naver Mail"),
    "Thunderbird": (
        "User-Agent: Mozilla Thunderbird",
        "Content-Language: de-DE",
        "Autocrypt: addr=ann@mail.test; keydata=x",
        "X-Enigmail-Version: 1",
    ),
    "Proton": ("Feedback-ID: 17:user:proton", "X-Pm-Message-ID: x"),
    "Fastmail": (
        "Feedback-ID: i17:Fastmail",
        "X-ME-Sender: <xms:x>",
        "User-Agent: Cyrus-JMAP/3.11",
        "Return-Path: <ann@mail.test>",
    ),
    "mail.ru": ("X-Mailer: Mail.Ru Mailer 1.0", "X-Priority: 3 (Normal)", "X-Mras: Ok"),
    "Zoho Mail": ("Feedback-ID: rr17:zu17:rf17:ZohoMail", "User-Agent: Zoho Mail", "X-Mailer: Zoho Mail", "Importance: Medium"),
    "Samsung": ("X-Mailer: Samsung Email", "Importance: normal", "Auto-Submitted: no"),
    "through Amazon SES": (
        "Feedback-ID: ::1.eu-central-1.x=:AmazonSES",
        "X-SES-Outgoing: 2026.11.24-192.0.2.1",
        "Precedence: first-class",
    ),
    "asks for a receipt": (
        "Disposition-Notification-To: ann@mail.test",
        "Return-Receipt-To: ann@mail.test",
        "X-Confirm-Reading-To: ann@mail.test",
    ),
}

# What buyers write, and a hasty reader takes for a robot's: absences, parcels, answers to robots.
SUBJECTS = (
    "Where is my atlas?",
    "Re: Where is my atlas?",
    "[Acme Books] Re: Where is my atlas?",
    "AW: Ihre Bestellung 303-5512345-1234567",
    "Undeliverable: parcel came back",
    "Unzustellbar: mein Paket",
    "Returned mail",
    "Delivery failed again!",
    "Mail delivery problem",
    "Re: Undelivered Mail Returned to Sender",
    "Fwd: Undelivered Mail Returned to Sender",
    "Delivery status of my order",
    "Urlaub: bitte später liefern",
    "Vacation notice: please hold my parcels",
    "Nicht im Büro: bitte beim Nachbarn abgeben",
    "不在通知",
    "Автоответчик: не работает",
    "Complaint about message from Ada",
    "Holiday: please deliver later",
    "Vacances",
    "Out of office chair, black",
    "Out of office until Monday, please leave it next door",
    "Automatic watch stopped",
    "Automatische Antwort funktioniert nicht",
    "Re: Automatic reply: Where is my atlas?",
    "AW: Abwesenheitsnotiz: Ihre Bestellung",
    "Fwd: Automatic reply: Where is my atlas?",
    "Automatische Antwort-Funktion defekt",
    "autoresponder.test: is it down?",
    "自動返信メールについて",
    "关于自动回复",
    "自动售货机订单",
    "Read: the second page is missing",
    "Gelesen: Seite 17 fehlt",
    "Lu",
    "Accepted: your offer",
    "Eingangsbestätigung",
    "Request received?",
    "Confirmation of receipt",
    "Ann is out of office paper",
    "You have not answered my request",
    "Unsubscribe",
    "Warning: the lamp gets hot",
    "Failure notice",
    "Autoradio defekt",
    "[Important] wrong address",
    "",
)

_MARKS = ("Auto-Submitted: auto-generated", "X-Auto-Response-Suppress: All")
_TO_MANY = ("List-Unsubscribe: <mailto:u@acme.test>", "List-Unsubscribe-Post: List-Unsubscribe=One-Click")

# How helpdesks and shops send what an agent wrote.
HELPDESKS = {
    "Zendesk": (
        *_MARKS,
        "X-Mailer: Zendesk Mailer",
        "X-Zendesk-From-Account-Id: 17",
        "X-Delivery-Context: event-id-17",
        "X-Priority: 3",
    ),
    "Zendesk, by its Message-ID alone": (*_MARKS, "Message-ID: <17_5f_sprut@zendesk.com>"),
    "Freshdesk": (
        "Auto-Submitted: auto-generated",
        "Message-ID: <17.x@acme.freshdesk.com>",
        "Reply-To: support@acme.freshdesk.com",
    ),
    "Freshdesk over the seller's own server": ("Auto-Submitted: auto-generated", "Reply-To: Acme <support@acme.freshdesk.com>"),
    "Freshdesk, ticket named": ("Auto-Submitted: auto-generated", "X-Freshdesk-Ticket-ID: 17"),
    "Deskpro": ("X-DeskPRO-Build: 17", "Auto-Submitted: auto-generated"),
    "Intercom, comment named": ("X-Intercom-Comment-Id: 17", *_MARKS),
    "Zendesk, message named": ("X-Zendesk-Message-Id: <17@zendesk.test>", *_MARKS),
    "Freshdesk, silent": ("X-Auto-Response-Suppress: DR, RN, OOF, AutoReply", "Feedback-ID: 17:SG"),
    "Gorgias": (
        "Message-ID: <17.x@gorgias.io>",
        "Reply-To: x@emails.gorgias.com",
        "X-Mailgun-Sid: x",
        "X-Auto-Response-Suppress: OOF",
        *_TO_MANY,
    ),
    "Gorgias, unmarked": ("X-Mailgun-Sid: x", "X-Auto-Response-Suppress: OOF", _TO_MANY[0]),
    "Help Scout": (
        "X-Mailer: Help Scout",
        "Message-ID: <reply-17-18@helpscout.net>",
        "X-Auto-Response-Suppress: All",
        "Precedence: bulk",
    ),
    "Front": ("X-Mailer: Front (1.0; +https://front.test; msgid=17)", "X-Auto-Response-Suppress: OOF"),
    "Zammad": (
        "X-Powered-By: Zammad - Helpdesk/Support (https://zammad.test/)",
        "X-Mailer: Zammad Mail Service",
        "Organization: Acme",
    ),
    "Zammad, marked": ("X-Mailer: Zammad Mail Service", "Precedence: bulk", *_MARKS),
    "osTicket": ("X-Mailer: osTicket Mailer", "X-Auto-Response-Suppress: OOF, AutoReply", "Auto-Submitted: auto-generated"),
    "FreeScout": ("X-FreeScout-Mail-Type: customer.message", "X-Mailer: FreeScout"),
    "JTL-eazyAuction": ("X-Mailer: JTL-Wawi 1.9", "Precedence: bulk", "X-Priority: 3"),
    "JTL, unnamed": ("Precedence: bulk", "X-Priority: 3 (Normal)"),
    "Plentymarkets": (
        "X-Mailer: plentymarkets",
        "X-Auto-Response-Suppress: All",
        "Precedence: bulk",
        "List-Unsubscribe: <mailto:u@acme.test>",
    ),
    "PlentyONE by SES": ("X-Mailer: PlentyONE", "Feedback-ID: ::1.eu-central-1.x=:AmazonSES", "Auto-Submitted: auto-generated"),
    "Znuny": ("X-Mailer: Znuny Mail Service (7.1)", "X-Powered-By: Znuny", "Organization: Acme"),
    "Request Tracker": (
        "RT-Ticket: acme #17",
        "Managed-by: RT 5.0 (https://rt.test/)",
        "RT-Originator: eve@acme.test",
        "Precedence: bulk",
        "X-RT-Loop-Prevention: acme",
    ),
    "Jira Service Management": ("X-JIRA-FingerPrint: x", "Auto-Submitted: auto-generated", "Precedence: bulk"),
    "GitLab Service Desk": (
        "X-GitLab-Issue-ID: 17",
        "List-Id: acme/support <support.acme.test>",
        "Auto-Submitted: auto-generated",
        *_TO_MANY,
    ),
    "Redmine": (
        "X-Mailer: Redmine",
        "X-Redmine-Issue-Id: 17",
        "Precedence: bulk",
        "Auto-Submitted: auto-generated",
        "List-Id: <helpdesk.acme.test>",
    ),
    "Intercom": ("X-Intercom-App-Id: x", "X-Intercom-Bin: proven_users", "X-Auto-Response-Suppress: OOF, AutoReply", *_TO_MANY),
    "HubSpot": ("X-HubSpot-Msg-Id: x", "Feedback-ID: aspnsr1:aspnsr1_1:us1:HubSpot", *_TO_MANY),
    "Salesforce": ("X-SFDC-LK: 00D", "X-SFDC-User: 005", "X-mail_abuse_inquiries: https://acme.test", "Precedence: bulk"),
    "GLPI": (
        "Message-ID: <GLPI_17-Ticket-17/new.1@acme.test>",
        "Auto-Submitted: auto-generated",
        "X-Auto-Response-Suppress: OOF, DR, NDR, RN, NRN",
    ),
    "Odoo": ("X-Odoo-Objects: helpdesk.ticket-17", "X-Odoo-Message-Id: <x@acme>", "Precedence: list"),
    "an unknown helpdesk": ("X-Auto-Response-Suppress: All", "Precedence: bulk", "X-Loop: help@acme.test"),
    "an unknown helpdesk over SendGrid": ("X-Auto-Response-Suppress: OOF", "X-SG-EID: x", "Feedback-ID: 17:SG", *_TO_MANY),
}


def people() -> Iterator[Specimen]:
    """Buyers with every program, agents with every helpdesk, each under every subject."""
    answer = (f"In-Reply-To: {OUR_ID}", f"References: {OUR_ID}")
    for program, lines in PROGRAMS.items():
        for subject in SUBJECTS:
            yield _of_buyer(f"{program}: {subject}", None, subject, *lines)
        yield _of_buyer(f"{program}, in answer", None, "Re: Where is my atlas?", *lines, *answer)
    for helpdesk, lines in HELPDESKS.items():
        for subject in SUBJECTS:
            yield _of_seller(f"{helpdesk}: {subject}", None, subject, *lines, *answer)
    yield from _odd_people()


def _odd_people() -> Iterator[Specimen]:
    yield Specimen(
        "a seller whose address is postmaster@",
        None,
        ("From: postmaster@acme.test", "Subject: Your atlas"),
        reverse_path="postmaster@acme.test",
    )
    yield Specimen("a seller whose address is no-reply@", None, ("From: Acme <no-reply@acme.test>", "Subject: Your atlas"))
    yield Specimen("customerservice@ at our domain", None, ("From: customerservice@marketplace.example", "Subject: Your atlas"))
    forwarded = (
        "--b\nContent-Type: text/plain\n\nThis came back\n--b\nContent-Type: message/delivery-status\n\nAction: failed\n--b--\n"
    )
    yield _of_buyer(
        "a person passes a report on",
        None,
        "Fwd: Undeliverable: atlas",
        "Content-Type: multipart/mixed; boundary=b",
        body=forwarded,
    )
    invitation = "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:METHOD:REPLY\nEND:VEVENT\nEND:VCALENDAR\n"
    lines = "Content-Type: text/calendar; method=REQUEST"
    yield _of_seller("an invitation", None, "Fitting on Monday", *HELPDESKS["Front"])
    yield _of_buyer("an invitation by calendar", None, "Fitting on Monday", lines, body=invitation)
    yield _of_buyer(
        "an answer to a notice of ours",
        None,
        "Re: Your message was not delivered",
        "In-Reply-To: <notice-17@marketplace.example>",
    )
    yield _of_buyer("an answer to a mail of ours", None, "Re: Atlas", f"In-Reply-To: {OUR_ID}", f"References: {OUR_ID}")
    yield _of_buyer(
        "negatives",
        None,
        "Atlas",
        "Auto-Submitted: no (really)",
        "X-Autoreply: no",
        "X-Loop: 0",
        "X-Auto-Response-Suppress: None",
    )
