"""M-03: mails that two programs read in two ways. What one of them would show is in the letter: as text, as HTML or as a file."""

import base64
import binascii

import pytest

from postern.mail.letter import Letter
from postern.mail.reader import read
from postern.model.limits import Limits
from tests.letters import LIMITS, octets, reading_of


def letter_in(text: str) -> Letter:
    return reading_of(f"From: ann@mail.test\nMIME-Version: 1.0\n{text}").letter


def files_in(letter: Letter) -> list[tuple[str, str, bytes]]:
    return [(file.file_name, file.media_type, file.content) for file in letter.attachments]


def mixed(*parts: str) -> str:
    return "Content-Type: multipart/mixed; boundary=b\n\n" + "".join(f"--b\n{part}\n" for part in parts) + "--b--\n"


def uuencoded(content: bytes, name: str = "map.png") -> str:
    rows = [binascii.b2a_uu(content[start : start + 45], backtick=True).decode("ascii") for start in range(0, len(content), 45)]
    return f"begin 644 {name}\n{''.join(rows)}`\nend\n"


# Content-Type


@pytest.mark.parametrize(
    "value",
    [
        "text/html (a comment; charset=x); charset=utf-8",
        "text/html; (a; b) charset=utf-8 (in truth; charset=x)",
        "text/html; charset=(really) utf-8",
        "text/html (outer (inner; x=y) \\) still) ; charset=utf-8 (UTF-8)",
        "(comment) text/html;charset=utf-8",
        "TEXT/HTML;; CHARSET=UTF-8;",
        '"text/html"; charset="utf-8"',
        "text/html charset=utf-8",
        "text / html; charset = utf-8",
        "text/html; charset=utf-8\x00",
        "text/html;\n charset=\n utf-8",
        "text/html; charset*0=ut; charset*1=f-8",
        "text/html, charset=utf-8",
        "text/html; charset='utf-8'",
    ],
)
def test_a_type_is_read_through_comments_and_slips(value: str) -> None:
    assert letter_in(f"Content-Type: {value}\n\n<p>Grüße").html == "<p>Grüße"


@pytest.mark.parametrize("value", ["", "text", "html", "/", "text/", "a b/c d e", "text/html/x", ";", "(", '"', "text\\html"])
def test_a_type_that_is_none_is_plain_text(value: str) -> None:
    assert letter_in(f"Content-Type: {value}\n\nHello").text == "Hello"


def test_of_two_types_the_first_counts_but_parts_are_never_passed_over() -> None:
    assert letter_in("Content-Type: text/html\nContent-Type: text/plain\n\n<p>x").html == "<p>x"
    reading = reading_of(f"Content-Type: text/plain\n{mixed('Content-Type: text/html', '', '<p>x')}".replace("--b\n\n", "--b\n"))
    assert "Content-Type stands there more than once" in reading.defects
    parts = mixed("Content-Type: text/html\n\n<p>Seen by some", "Content-Type: image/png; name=a.png\n\nx")
    letter = letter_in(f"Content-Type: text/plain\n{parts}")
    assert (letter.html, len(letter.attachments)) == ("<p>Seen by some", 1)
    assert letter_in("Content-Type: text/plain\nContent-Type: multipart/mixed; boundary=b\n\nNo parts").text == "No parts"


@pytest.mark.parametrize("kind", ["x-numbers", "markdown", "x-myown", "foo"])
def test_a_text_of_unknown_kind_is_shown_as_text(kind: str) -> None:
    assert letter_in(f"Content-Type: text/{kind}\n\n1 2 3").text == "1 2 3"


@pytest.mark.parametrize("kind", ["calendar", "vcard", "x-vcard", "rfc822-headers", "css", "csv", "xml", "javascript", "rtf"])
def test_a_text_for_programs_is_a_file(kind: str) -> None:
    letter = letter_in(f"Content-Type: text/{kind}\n\nx")
    assert (letter.text, files_in(letter)) == (None, [("", f"text/{kind}", b"x")])


def test_enriched_text_is_read_as_its_words() -> None:
    words = "<bold>Now</bold> is the\ntime, <color><param>red</param>Ann</color>: 1 << 2\n\n\nBye<nl>x"
    assert letter_in(f"Content-Type: text/enriched\n\n{words}").text == "Now is the time, Ann: 1 < 2\n\nBye\nx"


def test_of_alternatives_enriched_text_is_left_out() -> None:
    parts = mixed("Content-Type: text/plain\n\nHello", "Content-Type: text/enriched\n\n<bold>Hello</bold>")
    letter = letter_in(parts.replace("mixed", "alternative"))
    assert (letter.text, letter.attachments) == ("Hello", ())


# Boundaries


@pytest.mark.parametrize(
    "boundary",
    [
        "b",
        '"b"',
        '"b "',
        "b (comment)",
        "b (comment; boundary=c)",
        "b; x=y",
        "b\x00",
        '"b',
        "*0=b",
        "*=us-ascii'en'b",
        "wrong",
        "",
    ],
)
def test_parts_are_found_however_the_boundary_is_given(boundary: str) -> None:
    parameter = f"boundary{boundary}" if boundary.startswith("*") else f"boundary={boundary}"
    text = f"Content-Type: multipart/mixed; {parameter}\n\n--b\nContent-Type: text/html\n\n<p>x\n--b--\n"
    assert letter_in(text).html == "<p>x"


def test_a_boundary_that_looks_like_an_encoded_word_is_taken_as_it_is() -> None:
    text = 'Content-Type: multipart/mixed; boundary="=?utf-8?q?x?="\n\n--=?utf-8?q?x?=\n\nHello\n--=?utf-8?q?x?=--\n'
    assert letter_in(text).text == "Hello"


@pytest.mark.parametrize("line", ["--b \t", "--b", "--b\x00"])
def test_white_space_behind_a_boundary_is_no_part_of_it(line: str) -> None:
    letter = letter_in(f"Content-Type: multipart/mixed; boundary=b\n\n{line}\n\nOne\n{line}\n\nTwo\n--b--\n")
    assert "One" in (letter.text or "")
    assert "Two" in (letter.text or "")


def test_an_inner_boundary_may_begin_as_the_outer_one_and_lack_its_end() -> None:
    inner = "Content-Type: multipart/alternative; boundary=bb\n\n--bb\n\nHello\n--bb\nContent-Type: text/html\n\n<p>Hello\n"
    letter = letter_in(mixed(inner, "Content-Type: image/png; name=a.png\n\nx"))
    assert (letter.text, letter.html) == ("Hello", "<p>Hello\n")
    assert [file.file_name for file in letter.attachments] == ["a.png"]


def test_a_part_without_the_empty_line_is_read_on() -> None:
    assert letter_in(mixed("Content-Type: text/plain\nHello, this is\nmy text")).text == "Hello, this is\nmy text"


def test_text_after_files_and_between_them_is_read() -> None:
    file = "Content-Type: image/png; name=a.png\n\nx"
    letter = letter_in(mixed("\nOne", file, "\nTwo", file, "\nThree"))
    assert (letter.text, len(letter.attachments)) == ("One\n\nTwo\n\nThree", 2)


def test_parts_that_were_encoded_all_together_are_parts() -> None:
    inner = "--b\r\nContent-Type: text/html\r\n\r\n<p>Hello\r\n--b\r\nContent-Type: image/png; name=a.png\r\n\r\nx\r\n--b--\r\n"
    for encoding, body in (
        ("base64", base64.encodebytes(inner.encode()).decode()),
        ("quoted-printable", inner.replace("=", "=3D")),
    ):
        head = f"Content-Type: multipart/mixed; boundary=b\nContent-Transfer-Encoding: {encoding}\n\n"
        letter = letter_in(head + body)
        assert (letter.html, len(letter.attachments)) == ("<p>Hello", 1)


# Kinds of parts


def test_a_digest_holds_mails() -> None:
    digest = "Content-Type: multipart/digest; boundary=b\n\n--b\n\nSubject: One\n\nx\n--b\n\nSubject: Two\n\ny\n--b--\n"
    assert [file.media_type for file in letter_in(digest).attachments] == ["message/rfc822", "message/rfc822"]


@pytest.mark.parametrize("kind", ["message/rfc822", "message/partial; id=x; number=1", "message/external-body; access-type=x"])
def test_a_message_is_a_file_even_if_it_is_all_there_is(kind: str) -> None:
    letter = letter_in(f"Content-Type: {kind}\n\nFrom: x\n\nSecret")
    assert letter.text is letter.html is None
    assert [file.media_type for file in letter.attachments] == [kind.partition(";")[0]]


def test_a_mail_in_base64_is_decoded_like_any_file() -> None:
    encoded = base64.b64encode(b"From: x\r\n\r\nSecret").decode()
    letter = letter_in(f"Content-Type: message/rfc822\nContent-Transfer-Encoding: base64\n\n{encoded}")
    assert letter.attachments[0].content == b"From: x\r\n\r\nSecret"


def test_of_a_macintosh_file_the_file_is_read() -> None:
    fork = "Content-Type: application/applefile; name=a.jpg\n\n\0\5\x16\7"
    double = mixed(fork, "Content-Type: image/jpeg; name=a.jpg\n\nx").replace("mixed", "appledouble")
    assert files_in(letter_in(double)) == [("a.jpg", "image/jpeg", b"x")]


@pytest.mark.parametrize(
    "kind", ["related", "related; start=x", "related; type=text/html", "parallel", "report", "x-unknown", "signed"]
)
def test_a_multipart_of_any_kind_shows_all_its_parts(kind: str) -> None:
    parts = mixed("Content-Type: image/png; name=a.png\n\nx", "Content-Type: text/html\n\n<p>Hello")
    letter = letter_in(parts.replace("mixed", kind))
    assert (letter.html, len(letter.attachments)) == ("<p>Hello", 1)


def test_a_page_that_is_the_whole_mail_is_its_text_even_with_a_name() -> None:
    assert letter_in("Content-Type: text/html; name=mail.html\n\n<p>Hello").html == "<p>Hello"
    parts = mixed("Content-Type: text/plain\n\nHello", "Content-Type: text/html; name=mail.html\n\n<p>Hello")
    assert letter_in(parts.replace("mixed", "alternative")).html == "<p>Hello"
    assert [file.file_name for file in letter_in(parts).attachments] == ["mail.html"]
    letter = letter_in("Content-Type: text/html; name=mail.html\nContent-Disposition: attachment\n\n<p>Hello")
    assert (letter.html, [file.file_name for file in letter.attachments]) == (None, ["mail.html"])


@pytest.mark.parametrize(
    "text", ["", "\n", "\n\n\n", "Content-Type: multipart/mixed; boundary=b\n\n", "Content-Type: multipart/mixed\n\n"]
)
def test_an_empty_mail_has_nothing_in_it(text: str) -> None:
    letter = letter_in(text)
    assert not (letter.text or "").strip()
    assert (letter.html, letter.attachments) == (None, ())


def test_an_mbox_line_before_the_header_is_passed_over() -> None:
    for line in ("From ann@mail.test Mon Nov 23 10:00:00 2026", ">From ann@mail.test Mon Nov 23 10:00:00 2026"):
        reading = reading_of(f"{line}\nSubject: Atlas\n\nHello")
        assert (reading.letter.subject, reading.letter.text) == ("Atlas", "Hello")
        assert "an mbox line stands before the header" in reading.defects


# Transfer encodings


@pytest.mark.parametrize(
    "encoding", ["7-bit", "8 bit", "8bits", "plain", "none", "", "(comment) 7bit".partition(") ")[2], "8bit; x", "BINARY"]
)
def test_no_encoding_has_many_names(encoding: str) -> None:
    assert letter_in(f"Content-Transfer-Encoding: {encoding}\n\nGrüße =41").text == "Grüße =41"


def test_an_encoding_is_read_beside_a_comment() -> None:
    assert letter_in("Content-Transfer-Encoding: base64 (as said)\n\nSGVsbG8=").text == "Hello"


def test_of_two_encodings_the_first_counts() -> None:
    text = "Content-Transfer-Encoding: base64\nContent-Transfer-Encoding: 7bit\n\nSGVsbG8="
    assert letter_in(text).text == "Hello"


def test_plain_words_that_call_themselves_base64_stay_words() -> None:
    words = "Dear seller, the atlas that I ordered has not arrived yet. Where is it, please?\n"
    assert letter_in(f"Content-Transfer-Encoding: base64\n\n{words}").text == words


@pytest.mark.parametrize("encoding", ["x-gzip64", "rot13", "x-unknown", "yenc"])
def test_an_unknown_encoding_makes_a_file_as_it_came(encoding: str) -> None:
    reading = reading_of(f"Content-Transfer-Encoding: {encoding}\n\nx")
    assert files_in(reading.letter) == [("", "application/octet-stream", b"x")]
    assert "an encoding is unknown" in reading.defects


def test_yenc_stays_as_it_is() -> None:
    words = "=ybegin line=128 size=3 name=a.bin\nabc\n=yend size=3\n"
    assert letter_in(f"\n{words}").text == words


# Uuencode


@pytest.mark.parametrize("size", [1, 2, 3, 44, 45, 46, 1000])
def test_a_file_uuencoded_in_the_text_is_a_file(size: int) -> None:
    content = bytes(number % 251 for number in range(size))
    letter = letter_in(f"\nSee the map:\n{uuencoded(content)}Thanks\n")
    assert (letter.text, files_in(letter)) == ("See the map:\nThanks\n", [("map.png", "application/octet-stream", content)])


def test_several_uuencoded_files_and_what_stands_between() -> None:
    letter = letter_in(f"\n{uuencoded(b'One', '../a')}and\n{uuencoded(b'Two', 'Grüße.txt')}")
    assert (letter.text, [file.file_name for file in letter.attachments]) == ("and\n", ["a", "Grüße.txt"])


def test_an_uuencoded_file_may_lack_its_end_and_spaces() -> None:
    whole = uuencoded(bytes(100))
    for damaged in (whole.removesuffix("`\nend\n"), whole.replace("`", " "), whole.replace("end\n", ""), whole.rstrip("\n")):
        assert [file.content for file in letter_in(f"\n{damaged}").attachments] == [bytes(100)]


@pytest.mark.parametrize(
    "words",
    [
        "begin 644 x\n",
        "begin 644 x\nand so on\n",
        "begin\n",
        "begin 999 x\nM\n",
        "We begin 644 things\n",
        "begin 644 A\nHELLO THERE\n",
    ],
)
def test_a_text_that_says_begin_stays_a_text(words: str) -> None:
    letter = letter_in(f"\n{words}")
    assert (letter.text, letter.attachments) == (words, ())


@pytest.mark.parametrize("encoding", ["x-uuencode", "uuencode", "X-UUE"])
def test_a_part_may_be_uuencoded_as_a_whole(encoding: str) -> None:
    part = f"Content-Type: image/png; name=map.png\nContent-Transfer-Encoding: {encoding}\n\n{uuencoded(b'PNG', 'x')}"
    assert files_in(letter_in(mixed(part))) == [("map.png", "image/png", b"PNG")]


# RFC 2047 and 2231


@pytest.mark.parametrize(
    "raw, subject",
    [
        ("=?utf-8?q?why??=", "why?"),
        ("=?utf-8?q?a?b?= =?utf-8?q?_c?=", "a?b c"),
        ("=?utf-8?q?one?=\n =?utf-8?q?_two?=", "one two"),
        ("=?utf-8?q?one\n two?=", "one two"),
        ("=?utf-8?q?a?==?utf-8?q?b?=", "ab"),
        ("=?utf-8?b?w6TDtg?=", "äö"),
        ("=?gb2312?b?1cY=?= =?gb2312?b?9A==?=", "掌\ufffd"),
        ("=?iso-2022-jp?b?GyRCJF4=?= =?iso-2022-jp?b?JF8bKEI=?=", "まみ"),
        ("=?utf-7?q?+ADw-b+AD4-?=", "<b>"),
        ("=?utf-8?q?=00=01x=7F?=", "x"),
        ("=?utf-8?x?x?=", "=?utf-8?x?x?="),
        ("=??q?x?=", "=??q?x?="),
        ("\x00Atlas", "Atlas"),
    ],
)
def test_encoded_words_are_read_with_their_slips(raw: str, subject: str) -> None:
    assert letter_in(f"Subject: {raw}\n\n").subject == subject


@pytest.mark.parametrize(
    "parameters, name",
    [
        ("filename=invoice (2).pdf", "invoice (2).pdf"),
        ("filename=(draft) invoice.pdf", "(draft) invoice.pdf"),
        ('filename="a.pdf" (b; filename=c)', "a.pdf"),
        ("FileName*0=a(1; filename*1=).pdf", "a(1).pdf"),
        ("filename=my invoice.pdf", "my invoice.pdf"),
        ("filename=a.pdf; filename=b.pdf", "a.pdf"),
        ("filename=a.pdf; filename*=utf-8''b.pdf", "b.pdf"),
        ("filename*=utf-8''b.pdf; filename=a.pdf", "b.pdf"),
        ("filename*0=a; filename*0=x; filename*1=b.pdf", "ab.pdf"),
        ("filename*1=b.pdf; filename*0*=utf-8''%C3%A4", "äb.pdf"),
        ("filename*0*=utf-8''%C3; filename*1*=%A4.pdf", "ä.pdf"),
        ("filename*0=a; filename*2=c.pdf", "ac.pdf"),
        ("filename*=x-unknown''%E4.pdf", "ä.pdf"),
        ("filename*=%E4.pdf", "ä.pdf"),
        ("filename*=gb2312''%C4%E3.pdf", "你.pdf"),
        ('filename="=?utf-8?b?w6Q=?= =?utf-8?q?=2Epdf?="', "ä.pdf"),
        ("filename==?utf-8?q?=C3=A4=2Epdf?=", "ä.pdf"),
        ("filename*=\"utf-8''b.pdf\"", "b.pdf"),
        ('filename="a.pdf', "a.pdf"),
        ("filename*99999=a", ""),
    ],
)
def test_file_names_are_read_in_every_form(parameters: str, name: str) -> None:
    part = f"Content-Type: application/pdf\nContent-Disposition: attachment; {parameters}\n\nx"
    assert [file.file_name for file in letter_in(mixed(part)).attachments] == [name]


@pytest.mark.parametrize(
    "written, name",
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\\\Windows\\\\a.lnk", "a.lnk"),
        ("..", ""),
        ("CON", "_CON"),
        ("nul.txt", "_nul.txt"),
        ("COM1.tar.gz", "_COM1.tar.gz"),
        ("console.txt", "console.txt"),
        ("a\x00b.pdf", "ab.pdf"),
        ("a\u202efdp.exe", "afdp.exe"),
        ("\u2067a\u2069.pdf", "a.pdf"),
        ("a\u200bb.pdf", "ab.pdf"),
        (" .a.pdf. ", "a.pdf"),
        ("a:b|c?d*e<f>.pdf", "abcdef.pdf"),
        ("x" * 300 + ".pdf", "x" * 96 + ".pdf"),
        ("地" * 300 + ".pdf", "地" * 78 + ".pdf"),
        ("e\u0301.pdf", "é.pdf"),
    ],
)
def test_file_names_are_made_safe(written: str, name: str) -> None:  # M-06
    part = f'Content-Type: application/pdf\nContent-Disposition: attachment; filename="{written}"\n\nx'
    assert [file.file_name for file in letter_in(mixed(part)).attachments] == [name]


def test_a_file_name_may_be_shorter_by_a_limit() -> None:
    part = "Content-Type: application/pdf; name=abcdefghij.pdf\n\nx"
    assert read(octets(mixed(part)), Limits(file_name=8)).letter.attachments[0].file_name == "abcd.pdf"


# Flowed text


@pytest.mark.parametrize(
    "lines, words",
    [
        ("a \nb", "a b"),
        ("a \n\nb", "a \nb"),  # the empty line ends the paragraph, and is its last (RFC 3676 4.1)
        ("> a \n> b\nc", "> a b\nc"),
        ("> a \n>> b", "> a \n>> b"),
        (" >not a quote", ">not a quote"),
        (" From here", "From here"),
        ("a \n-- \nAnn", "a \n-- \nAnn"),
        ("> -- \n> Ann", "> -- \n> Ann"),
        ("a  \nb", "a  b"),
        ("last ", "last "),
    ],
)
def test_flowed_text_is_put_together(lines: str, words: str) -> None:  # M-10
    assert letter_in(f"Content-Type: text/plain; format=flowed\n\n{lines}").text == words


def test_lines_that_only_look_flowed_stay() -> None:
    assert letter_in("Content-Type: text/plain\n\na \nb").text == "a \nb"
    assert letter_in("Content-Type: text/html; format=flowed\n\na \nb").html == "a \nb"


# Maxima


def test_lines_that_are_no_boundaries_are_read_up_to_their_maximum() -> None:
    text = "Content-Type: multipart/mixed; boundary=b\n\n" + "--bb\n" * 9 + "--b\nContent-Type: text/html\n\n<p>x\n--b--\n"
    assert read(octets(text), Limits(boundary_misses=10)).letter.html == "<p>x"
    assert read(octets(text), Limits(boundary_misses=5)).letter.html is None


def test_uuencoded_files_count_as_parts() -> None:
    text = "\n" + uuencoded(b"x") * 9
    assert read(octets(text), Limits(parts=5)).unreadable
    assert len(read(octets(text), LIMITS).letter.attachments) == 9
