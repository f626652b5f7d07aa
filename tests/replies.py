"""Short answers with what they quote, made up by us: language, program, style, the mail, and what of it is new."""

from typing import NamedTuple

from tests.quotations import ATTRIBUTIONS, HEADERS, WHO


class Sample(NamedTuple):
    """One answer."""

    name: str
    text: str
    new: str
    signature: str = ""


# What the author says, and what is quoted.
WORDS = {
    "en": ("Thank you, it has arrived.\n\nAnn", "Has the atlas arrived?\n\nYour Acme Books"),
    "de": ("Danke, er ist angekommen.\n\nViele Grüße\nAnn", "Ist der Atlas angekommen?\n\nIhre Acme Books"),
    "fr": ("Merci, il est bien arrivé.\nLe colis était abîmé :", "L'atlas est-il arrivé ?"),
    "es": ("Gracias, ya llegó.\n\n¿El martes?", "¿Ha llegado el atlas?"),
    "it": ("Grazie, è arrivato.\nIl pacco era aperto.", "È arrivato l'atlante?"),
    "nl": ("Bedankt, het is er.\n\nOp tijd!", "Is de atlas aangekomen?"),
    "pl": ("Dziękuję, dotarł.\nW dniu dostawy padało.", "Czy atlas dotarł?"),
    "pt": ("Obrigada, chegou.\nEm bom estado.", "O atlas já chegou?"),
    "pt-BR": ("Obrigada, já chegou!", "O atlas chegou?"),
    "sv": ("Tack, den har kommit.\n\nDen är fin.", "Har atlasen kommit?"),
    "da": ("Tak, det er kommet.", "Er atlasset kommet?"),
    "no": ("Takk, det har kommet.", "Har atlaset kommet?"),
    "fi": ("Kiitos, se saapui.", "Saapuiko kartasto?"),
    "tr": ("Teşekkürler, geldi.\nSaat 11:00:", "Atlas geldi mi?"),
    "ru": ("Спасибо, получила.\nВсё хорошо:", "Атлас пришёл?"),
    "uk": ("Дякую, отримала.", "Атлас надійшов?"),
    "cs": ("Děkuji, dorazil.", "Dorazil atlas?"),
    "sk": ("Ďakujem, prišiel.", "Prišiel atlas?"),
    "hu": ("Köszönöm, megjött.", "Megjött az atlasz?"),
    "ro": ("Mulțumesc, a sosit.", "A sosit atlasul?"),
    "el": ("Ευχαριστώ, έφτασε.", "Έφτασε ο άτλας;"),
    "ja": ("ありがとうございます。届きました。", "地図帳は届きましたか。"),
    "ko": ("감사합니다. 잘 받았습니다.", "지도책을 받으셨나요?"),
    "zh-Hans": ("谢谢，已经收到了。", "地图册收到了吗？"),
    "zh-Hant": ("謝謝，已經收到了。", "地圖集收到了嗎？"),
    "ar": ("شكرا، لقد وصل.", "هل وصل الأطلس؟"),
    "he": ("תודה, זה הגיע.", "האם האטלס הגיע?"),
    "hi": ("धन्यवाद, मिल गया।", "क्या एटलस मिला?"),
    "vi": ("Cảm ơn, tôi đã nhận.", "Bạn đã nhận được chưa?"),
}
_OTHERS = WORDS["en"]


def _marked(text: str) -> str:
    return "\n".join(f"> {line}".rstrip() for line in text.split("\n"))


def _attributed() -> list[Sample]:
    """Each program's line, over a quotation with marks: answered above, below and in between."""
    found: list[Sample] = []
    for language, program, line in ATTRIBUTIONS:
        new, quoted = WORDS.get(language, _OTHERS)
        heading = line.format(who=WHO)
        name = f"{language} {program}"
        inline = f"{_marked(quoted)}\n\n{new}\n\n{_marked('And the globe?')}\n\nNo."
        found += [
            Sample(f"{name}, above", f"{new}\n\n{heading}\n\n{_marked(quoted)}\n", new),
            Sample(f"{name}, below", f"{heading}\n{_marked(quoted)}\n\n{new}\n", new),
            Sample(f"{name}, between", f"{heading}\n\n{inline}\n", f"{new}\n\n\nNo."),
        ]
    return found


def _headed() -> list[Sample]:
    """Outlook and its kin: a header, and no marks."""
    found: list[Sample] = []
    for language, (author, date, people, copied, subject) in HEADERS.items():
        new, quoted = WORDS.get(language, _OTHERS)
        lines = (f"{author}: {WHO}", f"{date}: 23.11.2026 11:00", f"{people}: b@acme.test", f"{copied}: c@acme.test")
        block = "\n".join((*lines, f"{subject}: Atlas"))
        found += [
            Sample(f"{language} Outlook", f"{new}\n\n{block}\n\n{quoted}\n", new),
            Sample(f"{language} Outlook, a line", f"{new}\n\n{'_' * 32}\n{block}\n\n{quoted}\n", new),
            Sample(f"{language} forwarded", f"{new}\n\n-------- Message --------\n{block}\n\n{quoted}\n", new),
            Sample(f"{language} Outlook, lines apart", f"{new}\n\n" + block.replace("\n", "\n\n") + f"\n\n{quoted}\n", new),
        ]
    return found


DEVICES = (
    ("en", "Sent from my iPhone"),
    ("en", "Sent from my Samsung Galaxy smartphone."),
    ("en", "Get Outlook for iOS<https://aka.ms/o0ukef>"),
    ("en", "Sent from Yahoo Mail on Android"),
    ("de", "Von meinem iPhone gesendet"),
    ("de", "Gesendet von Mail für Windows"),
    ("de", "Diese Nachricht wurde von meinem Android-Gerät mit GMX Mail gesendet."),
    ("fr", "Envoyé de mon iPhone"),
    ("es", "Enviado desde mi iPhone"),
    ("it", "Inviato da iPhone"),
    ("nl", "Verstuurd vanaf mijn iPhone"),
    ("pl", "Wysłane z iPhone'a"),
    ("pt", "Enviado do meu iPhone"),
    ("sv", "Skickat från min iPhone"),
    ("da", "Sendt fra min iPhone"),
    ("fi", "Lähetetty iPhonesta"),
    ("tr", "iPhone'umdan gönderildi"),
    ("ru", "Отправлено с iPhone"),
    ("uk", "Надіслано з iPhone"),
    ("cs", "Odesláno z iPhonu"),
    ("sk", "Odoslané z iPhonu"),
    ("hu", "Az iPhone-omról küldve"),
    ("ro", "Trimis de pe iPhone-ul meu"),
    ("el", "Στάλθηκε από το iPhone μου"),
    ("ja", "iPhoneから送信"),
    ("ko", "나의 iPhone에서 보냄"),
    ("zh-Hans", "发自我的iPhone"),
    ("zh-Hant", "從我的iPhone傳送"),
    ("ar", "أُرسلت من الـ iPhone"),
    ("he", "נשלח מה-iPhone שלי"),
    ("vi", "Đã gửi từ iPhone của tôi"),
)


def _signed() -> list[Sample]:
    found: list[Sample] = []
    for language, line in DEVICES:
        new, quoted = WORDS[language]
        found += [
            Sample(f"{language} {line}", f"{new}\n\n{line}\n\n{_marked(quoted)}\n", new, line),
            Sample(f"{language} {line}, alone", f"{new}\n\n{line}", new, line),
        ]
    return found


_ON = "On Mon, Nov 23, 2026 at 11:00 AM Acme <help@acme.test> wrote:"
_FROM = "From: Acme <help@acme.test>\nSent: Monday\nTo: Ann\nSubject: Atlas"
_SINGLE = (
    Sample("nothing", "", ""),
    Sample("nothing new", f"{_ON}\n> Hello", ""),
    Sample("nothing quoted", "Hello\n\nWhere is it?", "Hello\n\nWhere is it?"),
    Sample("Yahoo, no marks", f"Thanks\n\n{_ON}\n\n  Hello\n  Acme", "Thanks"),
    Sample("a wrapped attribution", f"Thanks\n\n{_ON[:53]}\n{_ON[54:]}\n> Hello", "Thanks"),
    Sample("signed", "Thanks\n-- \nAnn\nGreen Way 1", "Thanks", "-- \nAnn\nGreen Way 1"),
    Sample("signed above a quotation", f"Thanks\n--\nAnn\n\n{_ON}\n> Hello", "Thanks", "--\nAnn"),
    Sample("signed below a quotation", f"{_ON}\n> Hello\n\nThanks\n-- \nAnn", "Thanks", "-- \nAnn"),
    Sample(
        "a long list below hyphens", "List\n--\n" + "\n".join(map(str, range(30))), "List\n--\n" + "\n".join(map(str, range(30)))
    ),
    Sample("a quoted signature", f"Thanks\n\n{_ON}\n> Hello\n> -- \n> Acme", "Thanks"),
    Sample("three levels", f"Yes\n\n{_ON}\n> No\n>\n> {_ON}\n>> Yes\n>>\n>> {_ON}\n>>> Hello", "Yes"),
    Sample("Proton", f"Thanks\n\n------- Original Message -------\n{_ON}\n\n> Hello", "Thanks"),
    Sample(
        "Outlook, bold", "Thanks\n\n*From:* Acme <help@acme.test>\n*Sent:* Monday\n*To:* Ann\n*Subject:* Atlas\n\nHello", "Thanks"
    ),
    Sample("Outlook, no addresses", "Thanks\n\nFrom: Acme Books\nSent: Monday\nTo: Ann\nSubject: Atlas\n\nHello", "Thanks"),
    Sample("Outlook twice", f"Thanks\n\n{_FROM}\n\nYes\n\n{_FROM}\n\nHello", "Thanks"),
    Sample("a header and marks, answered below", f"-----Original Message-----\n{_FROM}\n\n> Hello\n\nThanks", "Thanks"),
    Sample("Apple, forwarded", f"Look\n\nBegin forwarded message:\n\n{_FROM}\n\nHello", "Look"),
    Sample("Gmail, forwarded", f"Look\n\n---------- Forwarded message ---------\n{_FROM}\n\nHello", "Look"),
    Sample(
        "QQ",
        '好的\n\n------------------ 原始邮件 ------------------\n发件人: "A"<a@b.test>;\n发送时间: 2026\n主题: 你好\n\n你好',
        "好的",
    ),
    Sample(
        "Samsung",
        "Danke\n\n-------- Ursprüngliche Nachricht --------\nVon: A <a@b.test>\nDatum: 23.11.26\nAn: x\nBetreff: y\n\nHi",
        "Danke",
    ),
    Sample(
        "GMX",
        'Danke\n\nGesendet: Montag, 23. November 2026 um 11:00\nVon: "A" <a@b.test>\nAn: c@d.test\nBetreff: Atlas\n\nHi',
        "Danke",
    ),
    Sample(
        "a question after a date", "I ordered on 23.11.2026:\nan atlas\na globe", "I ordered on 23.11.2026:\nan atlas\na globe"
    ),
    Sample("a story", "On Monday he wrote:\nI am here.\n\nWhat now?", "On Monday he wrote:\nI am here.\n\nWhat now?"),
    Sample(
        "a route", "From: Berlin\nTo: Hamburg\nDate: Monday\n\nPossible?", "From: Berlin\nTo: Hamburg\nDate: Monday\n\nPossible?"
    ),
    Sample("a form", "Name: Ann\nSubject: Latin\n\nThanks", "Name: Ann\nSubject: Latin\n\nThanks"),
    Sample("an arrow", "-> this\n=> that", "-> this\n=> that"),
    Sample("a table", "| atlas | 1 |\n| globe | 2 |", "| atlas | 1 |\n| globe | 2 |"),
    Sample("a line", "one\n--------\ntwo", "one\n--------\ntwo"),
    Sample(
        "rules of one's own",
        f"one\n{'-' * 13} two {'-' * 13}\nthree\n{'-' * 12} four {'-' * 12}\nfive",
        f"one\n{'-' * 13} two {'-' * 13}\nthree\n{'-' * 12} four {'-' * 12}\nfive",
    ),
    Sample(
        "our mail, answered below",
        "Acme Books writes to you.\n\nHello\n\n------------- Shop -------------\n\nx\n\nThread: [pt-abc]\n\nThanks",
        "Thanks",
    ),
    Sample("a sentence about sending", "Sent with DHL", "Sent with DHL"),
    Sample("a sentence about a telephone", "I wrote it on my iPhone.", "I wrote it on my iPhone."),
    Sample(
        "our mail, without marks",
        "Thanks\n\nAcme Books writes to you about order 4711.\n\nHello\n\n------------- Shop -------------\n\nx",
        "Thanks",
    ),
    Sample(
        "our mail to a seller, without marks",
        "Yes\n\n------------ Begin message ------------\n\nHello\n\n------------- End message -------------",
        "Yes",
    ),
)

SAMPLES = (*_attributed(), *_headed(), *_signed(), *_SINGLE)
