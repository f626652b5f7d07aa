import base64
from dataclasses import replace

import pytest

from postern.mail.guard import find_certain
from postern.mail.letter import Leaking, Links, Passage, Product
from postern.mail.reader import read
from postern.mail.rewrite import rewrite
from postern.mail.steps.markup import NESTING_MAXIMUM
from postern.mail.threading import tokens_of
from tests.letters import ACMES_ALIAS, ANN, ANNS_ALIAS, FROM_ACME, FROM_ANN, LIMITS, PUBLIC_URL, TOKEN, letter_of, octets, relay

PNG = base64.b64decode("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg==")
WIDE = str.maketrans({chr(code): chr(code + 0xFEE0) for code in range(0x21, 0x7F)})
PIXEL = base64.b64encode(PNG).decode()


def text_of(mail: str) -> str:
    return letter_of(relay(mail)).letter.text or ""


def html_mail(html: str) -> str:
    return f"Content-Type: text/html; charset=utf-8\n\n{html}"


def html_of(html: str) -> str:
    """What remains of this HTML, less our own words around it."""
    whole = letter_of(relay(html_mail(html))).letter.html or ""
    return whole.partition('<div dir="auto">')[2].partition("</div>\n<p dir=")[0]


def with_file(part: str, text: str = "Hello") -> str:
    return f"Content-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n{text}\n--b\n{part}\n--b--\n"


def as_quote(text: str) -> str:
    return "".join(f"> {line}".rstrip() + "\n" for line in text.split("\n"))


# Header


def test_a_buyer_is_shown_with_the_marketplace() -> None:  # R14
    assert b'From: "Ann Example - Example Market" <k3v9x0q2m7t4w1z@marketplace.example>\r\n' in relay("\nHello").content


def test_a_seller_is_shown_without_the_marketplace() -> None:  # R28
    content = relay("\nHello", FROM_ACME).content
    assert b'From: "Acme Books" <p8d5f2h6j1n0r3s@marketplace.example>\r\n' in content
    assert b"Acme Books writes to you" in content


def test_a_buyer_without_a_name_is_called_buyer() -> None:
    relayed = relay("\nHello", replace(FROM_ANN, author_name=" "))
    assert b'From: "Buyer - Example Market"' in relayed.content


def test_a_name_that_is_an_address_is_replaced() -> None:
    content = relay("\nHello", replace(FROM_ANN, author_name="ann@mail.test")).content
    assert b"ann@mail.test" not in content
    assert b'"k3v9x0q2m7t4w1z@marketplace.example - Example Market"' in content


def test_no_header_of_the_original_travels_on() -> None:
    relayed = relay(
        "Received: from pc-of-ann\nX-Originating-IP: 192.0.2.1\nMessage-ID: <1@pc-of-ann>\nIn-Reply-To: <2@pc-of-ann>\n"
        "Reply-To: ann@mail.test\nDate: Mon, 23 Nov 2026 23:00:00 +1300\nUser-Agent: pc-of-ann\nList-Id: pc-of-ann\n\nHello"
    )
    names = [line.split(b":")[0] for line in relayed.content.partition(b"\r\n\r\n")[0].split(b"\r\n")]
    assert names == [b"From", b"Subject", b"Date", b"Message-ID", b"MIME-Version", b"Content-Type", b"Content-Transfer-Encoding"]
    assert b"pc-of-ann" not in relayed.content
    assert b"+0000" in relayed.content


def test_references_are_those_of_the_passage() -> None:
    content = relay(
        "References: <x@pc-of-ann>\n\nHello", replace(FROM_ANN, references=("<1@m.example>", "<2@m.example>"))
    ).content
    assert b"In-Reply-To: <2@m.example>\r\nReferences: <1@m.example> <2@m.example>\r\n" in content


# Addresses


@pytest.mark.parametrize(
    "spelling",
    [
        "ann@mail.test",
        "ANN@Mail.Test",
        "ann&#64;mail&#x2e;test",
        "ann&commat;mail&period;test",
        "%61nn%40mail.test",
        "ann@mail.test".translate(WIDE),
        "ann\u200b@mail\u00ad.test",
        "\U0001d41a\U0001d427\U0001d427@mail.test",  # bold letters of mathematics
        "ann@\n> mail.test",
        "ann@mail\u3002test",
        "ann @ mail . test",
    ],
)
def test_a_known_address_is_replaced_in_every_spelling(spelling: str) -> None:
    assert f"(write to {ANNS_ALIAS}, please)" in text_of(f"\n(write to {spelling}, please)")
    assert f"(write to {ANNS_ALIAS}, please)" in html_of(f"<p>(write to {spelling}, please)</p>")


def test_an_address_is_replaced_with_tags_between_and_in_references() -> None:
    assert html_of("<p>ann<b>@</b>mail<i>.</i>test</p>") == f"<p>{ANNS_ALIAS}<b></b><i></i></p>"
    assert f'href="mailto:{ANNS_ALIAS}?subject=x"' in html_of('<a href="mailto:%41nn%40mail.test?subject=x">me</a>')
    assert html_of('<b title="ann&#64;mail.test">x</b>') == f'<b title="{ANNS_ALIAS}">x</b>'


def test_both_sides_are_replaced_and_strangers_are_masked() -> None:
    text = text_of("\nOn Monday help@acme.test wrote to ann@mail.test and bob@mail.test:")
    assert f"On Monday {ACMES_ALIAS} wrote to {ANNS_ALIAS} and [e-mail address removed]:" in text


def test_the_subject_is_cleaned_too() -> None:
    relayed = relay("Subject: =?utf-8?q?Mail_to_ann=40mail=2Etest?=\n\nHello")
    assert relayed.subject == letter_of(relayed).letter.subject == f"Mail to {ANNS_ALIAS}"


def test_what_the_author_wrote_is_given_back_for_the_record() -> None:
    relayed = relay("\nHello from ann@mail.test")
    assert relayed.text == f"Hello from {ANNS_ALIAS}"
    assert relayed.changes == ("addresses replaced: 1",)


# The guard


def test_the_guard_finds_an_address_wherever_it_is_hidden() -> None:
    mails = [
        b"Subject: =?utf-8?b?" + base64.b64encode(b"to ann@mail.test") + b"?=\r\n\r\nHello",
        b"X: ANN@mail.test\r\n\r\nHello",
        b"Content-Transfer-Encoding: base64\r\n\r\n" + base64.b64encode(b"write to Ann@mail.test"),
        b"Content-Transfer-Encoding: quoted-printable\r\n\r\nann=40ma=\r\nil.test",
        b"\r\n%61nn%40mail.test",
        b"Content-Type: text/html\r\n\r\n<p>ann<b>&#64;</b>mail.test",
        b'Content-Type: text/html\r\n\r\n<a href="x?ann%40mail.test">',
        b"\r\n" + "ann@mail.test".translate(WIDE).encode(),
        b"Content-Type: image/png\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        + base64.b64encode("ann@mail.test".encode("utf-16")),
        b"Content-Type: image/png; name*=utf-8''ann%40mail.test.png\r\n\r\nx",
    ]
    assert [mail for mail in mails if not find_certain(mail, [ANN])] == []


def test_the_guard_lets_an_honest_mail_pass() -> None:
    assert find_certain(relay("\nHello from bob@mail.test").content, FROM_ANN.certain) == ()
    assert find_certain(b"\r\nann@mail.test", []) == ()


def test_a_mail_that_leaks_as_text_too_does_not_leave() -> None:
    """An order's item is not the author's to rewrite; should an address stand there, the mail is held."""
    passage = replace(FROM_ANN, products=(Product("Book for ann@mail.test", 1),))
    held = rewrite(read(octets("\nHello"), LIMITS), passage)
    assert isinstance(held, Leaking)
    assert "the raw mail" in held.places


def test_an_address_hidden_in_a_pdf_costs_the_pdf_and_not_the_mail() -> None:
    relayed = relay(with_file("Content-Type: application/pdf; name=cv.pdf\n\n%PDF-1.4 /Author (ann@mail.test)"))
    assert letter_of(relayed).letter.attachments == ()
    assert "Not passed on, for your safety and privacy: cv.pdf" in (letter_of(relayed).letter.text or "")


# HTML


def test_html_brings_nothing_that_runs_or_is_fetched() -> None:
    kept = html_of(
        "<style>@import url(http://t.test/x)</style><script>x()</script><form action=http://t.test><input></form>"
        "<svg><image href=http://t.test/x></svg><math></math><iframe src=http://t.test></iframe><object data=http://t.test></object>"
        "<img src=http://t.test/pixel.gif><img src='data:image/png;base64,AA'><video poster=http://t.test/x></video>"
        "<p style='color:red;background:url(http://t.test/x);position:fixed;margin-top:-900px' background=http://t.test>Hello</p>"
        "<td background=http://t.test onclick=x()><a href='javascript:x()'>link</a><base href=http://t.test>"
    )
    assert "t.test" not in kept
    assert "x()" not in kept
    assert kept == '<p>Hello</p><a rel="noopener noreferrer">link</a>'


def test_simple_layout_and_links_stay() -> None:
    html = (
        '<p style="color:red">Dear <b>seller</b>, <a href="https://shop.example/?a=1&amp;b=2">this</a></p><ul><li>one</li></ul>'
    )
    assert html_of(html).replace(' rel="noopener noreferrer"', "") == html


@pytest.mark.parametrize("passage", [FROM_ANN, FROM_ACME], ids=["to the seller", "to the buyer"])
def test_html_passes_both_ways_and_brings_its_text(passage: Passage) -> None:  # R22
    letter = letter_of(relay(html_mail("<p>Dear <b>reader</b></p><script>x()</script>"), passage)).letter
    assert "<p>Dear <b>reader</b></p>" in (letter.html or "")
    assert "Dear reader" in (letter.text or "")
    assert "x()" not in (letter.html or "")


def test_remote_images_give_way_to_their_words() -> None:
    relayed = relay(html_mail('<p>Our <img alt="logo" src="https://t.test/l.png"><img src=x width=1></p>'))
    assert "remote images were removed" in relayed.changes
    assert "<p>Our logo</p>" in (letter_of(relayed).letter.html or "")


def test_html_that_is_nested_too_deep_is_sent_as_text() -> None:
    deep = "<div>" * (NESTING_MAXIMUM + 1)
    relayed = relay(html_mail(f"{deep}Hello &amp; goodbye"))
    assert letter_of(relayed).letter.html is None
    assert relayed.text == "Hello & goodbye"
    assert letter_of(relay(html_mail("<div>" * NESTING_MAXIMUM + "Hello"))).letter.html


def test_html_alone_gets_a_text_twin() -> None:
    html = (
        "<h1>Dear seller</h1><p>where   is<br>my <b>atlas</b>?</p><ul><li>one<li>two</ul>"
        "<blockquote><p>We sent it</p></blockquote>"
        "<pre>a  b\nc</pre><a href='https://shop.example/x'>Look</a> <a href='https://shop.example/'>shop.example</a>"
    )
    assert relay(html_mail(html)).text == (
        "Dear seller\n\nwhere is\nmy atlas?\n\n- one\n- two\n\n> We sent it\n\na  b\nc\n"
        "Look <https://shop.example/x> shop.example"
    )


# Attachments


def test_files_of_the_allowed_kinds_travel_under_our_own_headers() -> None:
    part = (
        "Content-Type: application/octet-stream; x-mac-creator=ann; name=photo.png\n"
        f"Content-Description: secret\nContent-Transfer-Encoding: base64\n\n{PIXEL}"
    )
    relayed = relay(with_file(part))
    (file,) = letter_of(relayed).letter.attachments
    assert (file.file_name, file.media_type, file.content) == ("photo.png", "image/png", PNG)
    assert b"secret" not in relayed.content
    assert b"x-mac" not in relayed.content


@pytest.mark.parametrize(
    "part, name",
    [
        ("Content-Type: message/rfc822\n\nno header", "an attached mail"),
        ("Content-Type: text/plain; name=run.bat\n\ndel *", "run.bat"),
        ("Content-Type: text/calendar; name=invite.ics\n\nBEGIN:VCALENDAR", "invite.ics"),
        ("Content-Type: text/vcard; name=ann.vcf\n\nBEGIN:VCARD", "ann.vcf"),
        ("Content-Type: application/x-unknown\n\nx", "a file without a name"),
        ("Content-Type: application/pgp-signature; name=signature.asc\n\nx", "signature.asc"),
        ("Content-Type: text/plain; name=key.txt\n\n-----BEGIN PGP PUBLIC KEY BLOCK-----", "key.txt"),
        ("Content-Type: text/plain; name=mail.txt\n\nReceived: from pc\nFrom: ann", "mail.txt"),
        ("Content-Type: application/pkcs7-signature; name=smime.p7s\n\nx", "smime.p7s"),
        ("Content-Type: text/html; name=page.html\n\n<p>", "page.html"),
        ("Content-Type: image/svg+xml; name=a.svg\n\n<svg>", "a.svg"),
        ("Content-Type: image/png; name=not-really.png\n\nMZ", "not-really.png"),
        ("Content-Type: application/x-msdownload; name=a.exe\n\nMZ", "a.exe"),
        ("Content-Type: application/ms-tnef; name=winmail.dat\n\nx", "winmail.dat"),
        ("Content-Type: application/zip; name=ann@mail.test.zip\n\nPK", f"{ANNS_ALIAS}.zip"),
    ],
)
def test_other_files_are_withheld_and_the_reader_is_told(part: str, name: str) -> None:
    read_again = letter_of(relay(with_file(part)))
    assert read_again.letter.attachments == ()
    assert f"Not passed on, for your safety and privacy: {name}\n" in (read_again.letter.text or "").replace(
        "privacy:\n", "privacy: "
    )


def test_a_name_gets_the_ending_of_its_content() -> None:
    (file,) = letter_of(relay(with_file("Content-Type: text/plain; name=list.old\n\none atlas"))).letter.attachments
    assert (file.file_name, file.media_type) == ("list.old.txt", "text/plain")


def test_a_text_file_is_rewritten_like_the_text() -> None:
    part = "Content-Type: text/csv; charset=utf-8; name=ann@mail.test.csv\n\nAnn@mail.test;1"
    (file,) = letter_of(relay(with_file(part))).letter.attachments
    assert (file.file_name, file.content) == (f"{ANNS_ALIAS}.csv", f"{ANNS_ALIAS};1".encode())


def test_an_image_in_the_html_stays_where_it_was_under_a_name_of_ours() -> None:
    mail = (
        "Content-Type: multipart/related; boundary=b\n\n--b\nContent-Type: text/html\n\n"
        "<p>See <img src='cid:1@pc-of-ann'> and <img src='cid:missing' alt='nothing'></p>\n"
        f"--b\nContent-Type: image/png\nContent-ID: <1@pc-of-ann>\nContent-Transfer-Encoding: base64\n\n{PIXEL}\n--b--\n"
    )
    relayed = relay(mail)
    (image,) = letter_of(relayed).letter.attachments
    assert image.content == PNG
    assert image.content_id.endswith("@image")
    assert f'src="cid:{image.content_id}"' in (letter_of(relayed).letter.html or "")
    assert b"pc-of-ann" not in relayed.content


# Quoted history


def test_a_signature_line_does_not_cut_our_token_from_answers() -> None:
    assert "\n--\nAnn\n" in text_of("\nHello\n-- \nAnn\n")


def test_our_footer_is_cut_from_a_quoted_mail_and_the_token_stays() -> None:
    first = letter_of(relay("\nWhere is my atlas?")).letter.text or ""
    answer = relay("\nIt is on its way.\n\nOn Monday Ann wrote:\n" + as_quote(first), FROM_ACME)
    assert answer.text == (f"It is on its way.\n\nOn Monday Ann wrote:\n>\n> Where is my atlas?\n>\n> Thread: [pt-{TOKEN}]\n>\n")


def test_our_footer_is_cut_from_quoted_html_and_the_token_stays() -> None:
    first = letter_of(relay(html_mail("<p>Where is my atlas?</p>"))).letter.html or ""
    answer = relay(html_mail(f"<p>On its way.</p><blockquote>{first}</blockquote>"), FROM_ACME)
    assert "/m/no-response" not in answer.content.decode()
    assert "keeps a record" not in answer.text
    assert "Report message" not in answer.text
    assert "Where is my atlas?" in answer.text
    assert tokens_of(letter_of(answer).letter) == (TOKEN,)


@pytest.mark.parametrize(
    "link",
    [
        f"{PUBLIC_URL}/m/abc-DEF_1?x=1",
        f"{PUBLIC_URL.upper()}/M/abc",
        "https://safe.test/?url=https%3A%2F%2Fmessages.marketplace.example%2Fm%2Fabc&x=1",
        "https://safe.test/?url=https%253A%252F%252Fmessages.marketplace.example%252Fm%252Fabc",
        "https://eur01.safelinks.protection.outlook.com/?url=https%3A%2F%2Fmessages.marketplace.example%2Fm%2Fabc&data=05",
        "https://urldefense.proofpoint.com/v2/url?u=https-3A__messages.marketplace.example_m_abc&d=DwMF",
        "https://urldefense.com/v3/__https://messages.marketplace.example/m/abc__;!!x",
        "https://protect-eu.mimecast.com/s/Xy1z?domain=messages.marketplace.example",
        "https://eu-1.protection.sophos.com/?d=marketplace.example&u="
        + base64.b64encode(f"{PUBLIC_URL}/m/abc".encode()).decode(),
    ],
)
def test_signed_links_are_cut_wherever_they_are_quoted(link: str) -> None:
    assert relay(f"\n> No response needed:\n> {link}\n> end").text == "> No response needed:\n> \n> end"
    assert html_of(f'<p>a <a href="{link}">No response needed</a> {link} b</p>') == "<p>a   b</p>"


def test_a_signed_link_goes_with_the_brackets_around_it() -> None:
    assert relay(f"\nReport message <{PUBLIC_URL}/m/abc> now").text == "Report message now"
    assert html_of(f"<p>{PUBLIC_URL}/m/abc</p>") == "<p></p>"


def test_other_links_stay() -> None:
    words = f"see {PUBLIC_URL}/help and https://shop.example/m/x <https://acme.example/a_b-3A>, https://x.sophos.com/?u=aGVsbG8"
    assert relay(f"\n{words}").text == words


def test_an_author_who_draws_rules_keeps_his_words() -> None:
    words = "\n".join(("my list", "-" * 13 + " one " + "-" * 13, "first", "-" * 40, "last"))
    assert relay(f"\n{words}").text == "my list\nfirst\n" + "-" * 40 + "\nlast"


# What it looks like


def test_a_seller_reads_the_order_the_message_the_links_and_the_token() -> None:
    assert text_of("\nWhere is my atlas?\n") == (
        "Ann Example writes to you through Example Market.\n\n"
        "Order 303-5512345-1234567\n  1 x Atlas\n  2 x Globe\n\n"
        "------------ Begin message ------------\n\n"
        "Where is my atlas?\n\n"
        "------------- End message -------------\n\n"
        "Answer by replying to this mail. Your own address stays hidden.\n\n"
        f"No response needed:\n{PUBLIC_URL}/m/no-response-needed-1\n\n"
        f"Report message:\n{PUBLIC_URL}/m/report-1\n\n"
        "Example Market keeps a record of all messages and may look at them to\nsettle a dispute.\n\n"
        "Please leave the original message in your reply. This line takes it to\nthe right place:\n\n"
        f"Thread: [pt-{TOKEN}]\n"
    )


def test_a_buyer_reads_the_business_name_the_message_and_little_else() -> None:
    text = letter_of(relay("\nOn its way.\n", FROM_ACME)).letter.text
    assert text == (
        "Acme Books writes to you about order 303-5512345-1234567.\n\n"
        "On its way.\n\n"
        "------------- Example Market -------------\n\n"
        "You can answer by replying to this mail. Your address stays hidden.\n\n"
        f"Report message:\n{PUBLIC_URL}/m/report-2\n\n"
        "Example Market keeps a record of all messages and may look at them to\nsettle a dispute.\n\n"
        "Please leave the original message in your reply. This line takes it to\nthe right place:\n\n"
        f"Thread: [pt-{TOKEN}]\n"
    )


def test_links_that_are_not_given_are_not_named() -> None:
    text = letter_of(relay("\nHello", replace(FROM_ANN, links=Links(), order_id=None))).letter.text or ""
    assert "No response needed" not in text
    assert "Report message" not in text
    assert "Order" not in text


def test_a_long_order_is_cut_short() -> None:
    passage = replace(FROM_ANN, products=tuple(Product("x" * 200, 1) for _ in range(12)))
    text = letter_of(relay("\nHello", passage)).letter.text or ""
    assert text.count(" x xxx") == 10
    assert "\n  and 2 more\n" in text
    assert max(map(len, text.split("\n"))) <= 72


def test_a_letter_of_files_alone_says_so() -> None:
    text = text_of(with_file(f"Content-Type: image/png\nContent-Transfer-Encoding: base64\n\n{PIXEL}", text=""))
    assert "(This message has no text, only attachments.)" in text
    assert "(This message has no text.)" in text_of("\n")


def test_html_is_sent_only_where_the_author_wrote_some() -> None:
    assert letter_of(relay("\nHello")).letter.html is None
    html = letter_of(relay(html_mail("<p>Hello</p>"))).letter.html or ""
    assert f'<a href="{PUBLIC_URL}/m/report-1">Report message</a>' in html
    assert f"Thread: [pt-{TOKEN}]" in html


def test_names_and_titles_cannot_bring_markup() -> None:
    passage = replace(FROM_ANN, author_name="<script>", products=(Product("<img src=x>", 1),), order_id="<b>")
    html = letter_of(relay(html_mail("<p>Hello</p>"), passage)).letter.html or ""
    assert "<script>" not in html
    assert "<img" not in html
    assert "<b>" not in html


@pytest.mark.parametrize("language, reads", [("en", "ltr"), ("he", "rtl"), ("ar", "rtl")])
def test_a_mail_is_read_from_the_side_of_its_language(language: str, reads: str) -> None:
    html = letter_of(relay(html_mail("<p>Hello</p>"), replace(FROM_ANN, language=language))).letter.html or ""
    content = relay(html_mail("<p>Hello</p>"), replace(FROM_ANN, language=language)).content.decode()
    assert f'<html lang=3D"{language}" dir=3D"{reads}">' in content
    assert '<div dir="auto"><p>Hello</p></div>' in html


def test_names_and_orders_do_not_turn_the_sentence_around_them() -> None:
    passage = replace(FROM_ANN, author_name="שרה כהן")
    content = letter_of(relay(html_mail("<p>Hello</p>"), passage))
    assert "<bdi>שרה כהן</bdi> writes to you through <bdi>Example Market</bdi>." in (content.letter.html or "")
    assert "\u2068שרה כהן\u2069 writes to you through" in (content.letter.text or "")
    assert "\u2068" not in text_of("\nHello")


def test_a_mail_fits_72_columns_and_a_telephone() -> None:
    passage = replace(FROM_ACME, author_name="A shop " * 8, marketplace_name="A market " * 6)
    for line in (letter_of(relay("\nHello", passage)).letter.text or "").split("\n"):
        assert len(line) <= 72 or line.startswith("http") or "---" in line
    content = relay(html_mail("<p>Hello</p>"), passage).content.decode()
    assert 'name=3D"viewport" content=3D"width=3Ddevice-width"' in content.replace("=\n", "").replace("=\r\n", "")
    assert 'content=3D"light dark"' in content.replace("=\r\n", "")
    assert "color:" not in content.replace("=\r\n", "")


def test_the_marketplace_is_named_to_a_buyer_below_the_message_alone() -> None:  # R28
    text = letter_of(relay("\nOn its way.", FROM_ACME)).letter.text or ""
    above, _, below = text.partition("On its way.")
    assert "Example Market" not in above
    assert "Acme Books" in above
    assert "Example Market" in below
