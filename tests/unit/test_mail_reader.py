import base64

import pytest

from postern.mail.letter import Reading
from postern.mail.reader import read
from postern.model.limits import Limits
from tests.letters import LIMITS, octets, reading_of


def text_mail(header: str, body: str) -> str:
    return f"From: Ann Example <ann@mail.test>\nMIME-Version: 1.0\n{header}\n\n{body}"


def authors(value: str) -> list[tuple[str, str | None]]:
    reading = reading_of(f"From: {value}\n\nHello\n")
    return [(mailbox.display_name, mailbox.address.reveal() if mailbox.address else None) for mailbox in reading.authors]


def multipart(kind: str, *parts: str, boundary: str = "b") -> str:
    inner = "".join(f"--{boundary}\n{part}\n" for part in parts)
    return f"Content-Type: multipart/{kind}; boundary={boundary}\n\n{inner}--{boundary}--\n"


def plain(words: str) -> str:
    return f"Content-Type: text/plain\n\n{words}"


def html(words: str) -> str:
    return f"Content-Type: text/html\n\n{words}"


def mail(body: str) -> Reading:
    return reading_of(f"From: ann@mail.test\n{body}")


# Header


def test_a_folded_subject_is_one_line() -> None:
    assert reading_of("Subject: Where is\n my atlas?\n\n").letter.subject == "Where is my atlas?"


@pytest.mark.parametrize(
    "raw, subject",
    [
        ("=?utf-8?q?Wo_ist_der_Atlas=3F?=", "Wo ist der Atlas?"),
        ("=?UTF-8?B?8J+Tmg==?= =?utf-8?b?8J+Tmg==?=", "📚📚"),
        ("=?utf-8?b?8J8=?= =?utf-8?b?k5o=?=", "📚"),  # one letter cut in two
        ("Re: =?iso-8859-1*de?q?B=FCcher?= an Anna", "Re: Bücher an Anna"),
        ("=?gb2312?b?hNo=?=", "勞"),  # GBK, called by its smaller name
        ("=?x-nobody-knows?q?caf=E9?=", "café"),
        ("=?utf-8?q?no end", "=?utf-8?q?no end"),
        ("a =?utf-8?q?b?= c =?utf-8?q?d?=", "a b c d"),
        ("=?iso-2022-jp?b?GyRCJF4kXyRgGyhC?=", "まみむ"),
    ],
)
def test_encoded_words_are_read(raw: str, subject: str) -> None:
    assert reading_of(f"Subject: {raw}\n\n").letter.subject == subject


def test_a_subject_never_holds_a_line_break_or_reversed_text() -> None:
    subject = reading_of("Subject: =?utf-8?q?a=0D=0ABcc:_x=E2=80=AEb?=\n\n").letter.subject
    assert subject == "a Bcc: xb"


def test_eight_bit_headers_are_read_by_evidence() -> None:
    assert read(b"Subject: B\xc3\xbccher\r\n\r\n", LIMITS).letter.subject == "Bücher"
    assert read(b"Subject: B\xfccher\r\n\r\n", LIMITS).letter.subject == "Bücher"


def test_headers_for_the_rules_are_kept_and_others_are_not() -> None:
    reading = reading_of("Auto-Submitted: auto-replied\nX-Secret: x\nReceived: a\nReceived: b\n\n")
    assert reading.headers == {"auto-submitted": ("auto-replied",)}
    assert reading.received_fields == 2


def test_a_line_that_is_no_field_ends_the_header() -> None:
    reading = reading_of("Subject: Atlas\nDear seller,\nwhere is it?\n")
    assert (reading.letter.subject, reading.letter.text) == ("Atlas", "Dear seller,\nwhere is it?\n")
    assert "the header has no end" in reading.defects


# Who wrote it (R20)


@pytest.mark.parametrize(
    "value, expected",
    [
        ("ann@mail.test", [("", "ann@mail.test")]),
        ("Ann <ann@MAIL.test>", [("Ann", "ann@mail.test")]),
        ('"Example, Ann" <ann@mail.test>', [("Example, Ann", "ann@mail.test")]),
        ("ann@mail.test (Ann (the first) Example)", [("Ann the first Example", "ann@mail.test")]),
        ("=?utf-8?q?=C3=84nn?= <ann@mail.test>", [("Änn", "ann@mail.test")]),
        ('"ann@mail.test" <mallory@evil.test>', [("ann@mail.test", "mallory@evil.test")]),
        ("Friends: ann@mail.test, Bob <bob@mail.test>;", [("", "ann@mail.test"), ("Bob", "bob@mail.test")]),
        ('"a b"@mail.test', [("", '"a b"@mail.test')]),
    ],
)
def test_mailboxes_are_read(value: str, expected: list[tuple[str, str | None]]) -> None:
    assert authors(value) == expected


@pytest.mark.parametrize(
    "value",
    [
        "ann@mail.test, mallory@evil.test",
        "<ann@mail.test> <mallory@evil.test>",
        "<ann@mail.test><mallory@evil.test>",
        "<ann@mail.test> mallory@evil.test",
        "<ann@mail.test>;mallory@evil.test",
        "ann(a)@mail.test",
        "<@evil.test:ann@mail.test>",
        "=?utf-8?q?ann=40mail.test?=",
        "<ann@mail.test@evil.test>",
        "ann @mail.test",
        '"Ann <ann@mail.test>',
        "(ann@mail.test)",
        "",
    ],
)
def test_an_ambiguous_author_is_never_a_single_certain_one(value: str) -> None:
    found = authors(value)
    assert len(found) != 1 or found[0][1] is None


def test_every_from_field_is_reported() -> None:
    reading = reading_of("From: ann@mail.test\nFrom : mallory@evil.test\n\n")
    assert (reading.author_fields, len(reading.authors)) == (2, 2)


# Message-IDs


def test_references_come_oldest_first_without_repeats() -> None:
    reading = reading_of("Message-ID: <c@x>\nReferences: <a@x> <b@x>\n <a@x>\nIn-Reply-To: <b@x> (Ann's mail)\n\n")
    assert reading.message_id == "<c@x>"
    assert reading.references == ("<a@x>", "<b@x>")


# Parts


def test_alternatives_give_text_and_html() -> None:
    letter = mail(multipart("alternative", plain("Hello"), html("<p>Hello"))).letter
    assert (letter.text, letter.html) == ("Hello", "<p>Hello")


def test_an_empty_alternative_is_no_choice() -> None:
    letter = mail(multipart("alternative", plain("Hello"), plain(" "), html("<p>Hello"))).letter
    assert letter.text == "Hello"


def test_texts_side_by_side_are_joined() -> None:
    assert mail(multipart("mixed", plain("One"), plain("Two"))).letter.text == "One\n\nTwo"


def test_text_beside_html_becomes_html_too() -> None:
    letter = mail(multipart("mixed", html("<p>One</p>"), plain("1 < 2"))).letter
    assert letter.html == "<div><p>One</p></div>\n<div>1 &lt; 2</div>"
    assert letter.text is None  # the text twin is made from the HTML, so that nothing is missing in it


def test_a_longer_boundary_with_the_same_beginning_is_not_a_boundary() -> None:
    inner = multipart("alternative", plain("Hello"), html("<p>Hello"), boundary="xx")
    letter = mail(multipart("mixed", inner, "Content-Type: image/png; name=a.png\n\nx", boundary="x")).letter
    assert (letter.text, letter.html, len(letter.attachments)) == ("Hello", "<p>Hello", 1)


def test_a_missing_end_loses_nothing() -> None:
    reading = mail("Content-Type: multipart/mixed; boundary=b\n\n--b\n\nHello")
    assert reading.letter.text == "Hello"
    assert "a multipart has no end" in reading.defects


def test_a_wrong_boundary_is_found_by_evidence() -> None:
    reading = mail("Content-Type: multipart/mixed; boundary=wrong\n\n--b\nContent-Type: text/plain\n\nHello\n--b--\n")
    assert reading.letter.text == "Hello"
    assert "a boundary is missing or wrong" in reading.defects


def test_preamble_and_epilogue_are_no_part_of_the_letter() -> None:
    text = "Content-Type: multipart/mixed; boundary=b\n\nbefore\n--b\n\nHello\n--b--\nafter\n"
    assert mail(text).letter.text == "Hello"


def test_empty_parts_between_touching_boundaries_are_parts() -> None:
    assert mail("Content-Type: multipart/mixed; boundary=b\n\n--b\n--b\n\nHello\n--b--\n").letter.text == "Hello"


def test_a_nested_mail_is_a_file() -> None:
    letter = mail(multipart("mixed", plain("See this"), "Content-Type: message/rfc822\n\nFrom: x\n\nSecret")).letter
    assert letter.text == "See this"
    assert [(file.media_type, file.content) for file in letter.attachments] == [("message/rfc822", b"From: x\n\nSecret")]


def test_text_with_a_file_name_is_a_file() -> None:
    letter = mail(multipart("mixed", plain("Hello"), 'Content-Type: text/plain; name="notes.txt"\n\nNotes')).letter
    assert [(file.file_name, file.content) for file in letter.attachments] == [("notes.txt", b"Notes")]


@pytest.mark.parametrize(
    "parameter, name",
    [
        ('filename="invoice.pdf"', "invoice.pdf"),
        ("filename*=utf-8''B%C3%BCcher.pdf", "Bücher.pdf"),
        ("filename*0*=utf-8''B%C3%BC; filename*1=cher; filename*2*=%2Epdf", "Bücher.pdf"),
        ('filename="=?utf-8?q?B=C3=BCcher.pdf?="', "Bücher.pdf"),
        ('filename="..\\\\..\\\\etc/passwd"', "passwd"),
        ('filename="a\\"b.pdf"', "ab.pdf"),
        ('filename="=?utf-8?q?fdp=E2=80=AE=2Eexe?="', "fdp.exe"),
        ("filename*0=a; filename*2=c; filename*1=b", "abc"),
    ],
)
def test_file_names_are_read_and_cleaned(parameter: str, name: str) -> None:
    part = f"Content-Type: application/pdf\nContent-Disposition: attachment; {parameter}\n\nx"
    assert [file.file_name for file in mail(multipart("mixed", part)).letter.attachments] == [name]


# Encodings


def test_base64_is_read_with_all_its_damage() -> None:
    whole = base64.b64encode(b"Hello world!!").decode()
    for damaged in (whole, whole.rstrip("="), whole[:5] + "\n*-\n" + whole[5:], f"{whole}{whole}", whole + "A"):
        text = reading_of(text_mail("Content-Transfer-Encoding: base64", damaged)).letter.text
        assert text is not None
        assert text.startswith("Hello world!!")


def test_quoted_printable_is_read_with_all_its_damage() -> None:
    text = reading_of(text_mail("Content-Transfer-Encoding: quoted-printable", "B=FCcher=\n= \n und 1 = 2 =zz=")).letter.text
    assert text == "Bücher und 1 = 2 =zz"


def test_an_unknown_encoding_makes_a_file_of_a_part() -> None:
    letter = reading_of(text_mail("Content-Transfer-Encoding: x-uuencode", "begin 644 a\n")).letter
    assert letter.text is None
    assert [file.media_type for file in letter.attachments] == ["application/octet-stream"]


@pytest.mark.parametrize(
    "charset, written",
    [
        ("iso-8859-1", "café"),
        ("windows-1252", "“café”"),
        ("utf-8", "日本"),
        ("koi8-r", "привет"),
        ("gb18030", "你好"),
        ("shift_jis", "日本"),
        ("euc-kr", "한국"),
        ("big5", "中文"),
        ("iso-2022-jp", "日本"),
        ("utf-16", "日本"),
        ("utf-7", "日本+"),
        ("iso-8859-15", "10 €"),
        ("KS_C_5601-1987", "한국"),
        ("windows-1251", "привет"),
        ("tis-620", "ไทย"),
        ("hz-gb-2312", "你好"),
    ],
)
def test_charsets_are_read_by_name(charset: str, written: str) -> None:
    codec = {"ks_c_5601-1987": "euc-kr", "hz-gb-2312": "hz"}.get(charset.lower(), charset)
    content = f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode() + written.encode(codec)
    assert read(content, LIMITS).letter.text == written


@pytest.mark.parametrize("charset", ["us-ascii", "utf-8", "x-unknown", "rot13", "idna", "unicode_escape", "base64", ""])
def test_a_wrong_charset_is_found_by_evidence(charset: str) -> None:
    header = f"Content-Type: text/plain; charset={charset}\r\n\r\n".encode()
    assert read(header + "ein schönes Buch".encode(), LIMITS).letter.text == "ein schönes Buch"
    assert read(header + "ein schönes Buch".encode("latin-1"), LIMITS).letter.text == "ein schönes Buch"


def test_text_holds_no_control_characters_and_no_lone_surrogates() -> None:
    assert reading_of(text_mail("Content-Type: text/plain; charset=utf-7", "a+2AA-b")).letter.text == "a\ufffdb"
    assert reading_of(text_mail("Subject: x", "a\0b\x1bc\td")).letter.text == "abc\td"


def test_flowed_text_is_unfolded() -> None:
    body = "A long \nparagraph\n> quoted \n> words\n>> deeper\n From here\n-- \nAnn\n"
    text = reading_of(text_mail("Content-Type: text/plain; format=flowed", body)).letter.text
    assert text == "A long paragraph\n> quoted words\n>> deeper\nFrom here\n-- \nAnn\n"


def test_flowed_text_with_deleted_spaces_joins_words() -> None:
    text = reading_of(text_mail("Content-Type: text/plain; format=flowed; delsp=yes", "日 \n本\n")).letter.text
    assert text == "日本\n"


# Maxima


@pytest.mark.parametrize(
    "limits, text",
    [
        (Limits(header_block=200), "X: y\n" * 100 + "\n"),
        (Limits(header_fields=10), "X: y\n" * 11 + "\n"),
        (Limits(parts=5), multipart("mixed", *(["\nx"] * 10))),
        (Limits(text_size=10), "Subject: x\n\n" + "x" * 11),
        (Limits(text_size=10), multipart("mixed", plain("123456"), plain("123456"))),
        (Limits(part_depth=2), "".join(f"Content-Type: multipart/mixed; boundary={n}b\n\n--{n}b\n" for n in range(5))),
    ],
)
def test_a_mail_over_a_maximum_says_which(limits: Limits, text: str) -> None:
    assert read(octets(text), LIMITS).unreadable == ""
    assert read(octets(text), limits).unreadable.endswith(".")


def test_an_overlong_field_is_cut_and_noted() -> None:
    reading = read(octets("Subject: " + "x" * 100 + "\n\n"), Limits(header_field=50))
    assert len(reading.letter.subject) <= 50
    assert "a header field is too long" in reading.defects


def test_mailboxes_parameters_and_references_are_read_up_to_their_maximum() -> None:
    text = "From: " + ", ".join(f"a{n}@mail.test" for n in range(9)) + "\nReferences: " + " ".join(f"<{n}@x>" for n in range(9))
    text += "\nContent-Type: text/plain" + "".join(f"; p{n}=x" for n in range(9)) + "; name=notes.txt\n\nx"
    reading = read(octets(text), Limits(mailboxes_per_field=3, references=2, parameters_per_field=9))
    assert len(reading.authors) == 3
    assert reading.references == ("<7@x>", "<8@x>")
    assert reading.letter.attachments == ()
    assert read(octets(text), LIMITS).letter.attachments[0].file_name == "notes.txt"
