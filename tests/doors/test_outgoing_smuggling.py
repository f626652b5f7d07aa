"""S-03: false ends of mail on the way out: what we write can end in one place only, whoever reads it."""

import base64

import pytest

from postern.mail.letter import Relayed
from postern.mail.reader import read
from postern.mail.rewrite import rewrite
from postern.model.limits import Limits
from postern.smtp.parcel import Parcel, pack, stuffed
from tests.letters import ANN, FROM_ANN, LIMITS
from tests.talking import BEGIN, FAKE_ENDS, carrier

SECOND = b"MAIL FROM:<help@acme.test>\r\nRCPT TO:<shop@marketplace.example>\r\nDATA\r\nsmuggled\r\n.\r\n"
HEAD = b"From: ann@mail.test\r\nSubject: hello\r\nMIME-Version: 1.0\r\n"


def mails(payload: bytes) -> list[bytes]:
    """The payload as a text and as a file, in an encoding that lets any octet through SMTP."""
    encoded = base64.encodebytes(b"first" + payload + SECOND).replace(b"\n", b"\r\n")
    text = b"Content-Type: text/plain; charset=latin-1\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encoded
    file = text.replace(b"text/plain; charset=latin-1", b"text/csv; name=x.csv\r\nContent-Disposition: attachment")
    mixed = b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n" + text + b"\r\n--b\r\n" + file + b"\r\n--b--\r\n"
    return [HEAD + text, HEAD + mixed]


@pytest.mark.parametrize("fake_end", FAKE_ENDS, ids=repr)
def test_a_false_end_that_came_encoded_leaves_as_nothing_that_ends_a_mail(fake_end: bytes) -> None:
    for content in mails(fake_end):
        relayed = rewrite(read(content, LIMITS), FROM_ANN)
        assert isinstance(relayed, Relayed)
        assert_one_mail(relayed.content)


@pytest.mark.parametrize("fake_end", FAKE_ENDS, ids=repr)
def test_a_false_end_that_somehow_came_into_a_finished_mail_is_mended_before_it_leaves(fake_end: bytes) -> None:
    parcel = pack("", ANN, b"Subject: hello\r\n\r\nfirst" + fake_end + SECOND)
    assert isinstance(parcel, Parcel)
    wire = parcel.octets
    assert wire.count(b"\r") == wire.count(b"\n") == wire.count(b"\r\n")
    assert b"\r\n.\r\n" not in wire.removesuffix(b"\r\n.\r\n")


def assert_one_mail(content: bytes) -> None:
    wire = stuffed(content)
    assert wire.count(b"\r") == wire.count(b"\n") == wire.count(b"\r\n")
    talk = carrier(Limits())
    talk.send(BEGIN + wire)
    assert [mail.content for mail in talk.mails] == [content]
