"""The zone file that is asked before the DNS."""

from pathlib import Path

import pytest
from dns.rdatatype import RdataType

from postern.errors import ConfigurationError
from postern.smtp.unanswered import Unanswered
from postern.smtp.zone_file import ZoneFile

TEXT = """
$ORIGIN mail.test.
@ SOA ns hostmaster 1 3600 600 86400 60
@ MX 20 b
@ MX 10 a
a A 192.0.2.1
www CNAME a
away CNAME elsewhere.example.
round CNAME round
s1._domainkey TXT "v=DKIM1; " "p=x"
acme.test. TXT "v=spf1 -all"
"""


def look(name: str, kind: str) -> tuple[str, ...] | Unanswered | None:
    found = ZoneFile(TEXT).look(name, RdataType.make(kind))
    return tuple(sorted(str(one) for one in found)) if isinstance(found, tuple) else found


@pytest.mark.parametrize(
    "name, kind, found",
    [
        ("mail.test", "MX", ("10 a.mail.test.", "20 b.mail.test.")),
        ("MAIL.test.", "MX", ("10 a.mail.test.", "20 b.mail.test.")),
        ("a.mail.test", "A", ("192.0.2.1",)),
        ("a.mail.test", "AAAA", ()),
        ("www.mail.test", "A", ("192.0.2.1",)),
        ("away.mail.test", "A", None),
        ("round.mail.test", "A", Unanswered.NO_ANSWER_NOW),
        ("s1._domainkey.mail.test", "TXT", ('"v=DKIM1; " "p=x"',)),
        ("_domainkey.mail.test", "TXT", ()),  # it exists, for something stands below it
        ("nobody.mail.test", "A", Unanswered.NO_SUCH_NAME),  # its SOA record says that this is all
        ("acme.test", "TXT", ('"v=spf1 -all"',)),
        ("acme.test", "A", ()),
        ("www.acme.test", "A", None),  # of which the file does not speak
        ("example.org", "A", None),
        ("a..b", "A", None),
    ],
)
def test_a_name_is_answered_from_the_file_where_it_speaks_of_it(
    name: str, kind: str, found: tuple[str, ...] | Unanswered | None
) -> None:
    assert look(name, kind) == found


def test_a_soa_record_of_the_root_shuts_out_the_dns() -> None:
    zone = ZoneFile(". SOA ns.test. hostmaster.test. 1 3600 600 86400 60\nmail.test. A 192.0.2.1\n")
    assert zone.look("example.org", RdataType.A) is Unanswered.NO_SUCH_NAME


@pytest.mark.parametrize("text", ["mail.test. A nowhere", "mail.test. BOGUS x", "$INCLUDE other.zone", '"', "mail.test. TXT"])
def test_a_file_that_is_none_is_complained_of(text: str) -> None:
    with pytest.raises(ConfigurationError, match=r"dns\.zone_file"):
        ZoneFile(text)


def test_a_file_that_cannot_be_read_is_complained_of(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="cannot be read"):
        ZoneFile.read(tmp_path / "none")
    (tmp_path / "zone").write_bytes(b"\xff\xfe")
    with pytest.raises(ConfigurationError, match="cannot be read"):
        ZoneFile.read(tmp_path / "zone")
