import asyncio
import ssl
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import pytest
import uvloop

from postern.errors import ConfigurationError
from postern.model.address import Address
from postern.model.delivery import Deferred, Delivered, Outcome
from postern.model.limits import Limits
from postern.serving import _courier
from postern.smtp.connection import Hop
from postern.smtp.courier import SmtpCourier
from postern.smtp.encryption import Encryption, opportunistic, required, verified_tls
from postern.wiring import build_house
from tests.authority import Authority
from tests.next_hop import DROP, ENCRYPTS, HANG, ScriptedHop
from tests.serving import install

ANN = Address("ann", "mail.test")
MAIL = b"Message-ID: <1@marketplace.example>\r\n\r\nHello Ann.\r\n"
Script = Mapping[str, str | Sequence[str]]
LoopFactory = Callable[[], asyncio.AbstractEventLoop]
LOOPS: list[LoopFactory] = [asyncio.new_event_loop, uvloop.new_event_loop]


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path / "authority")


async def send_to(
    authority: Authority, script: Script, tls: ssl.SSLContext | None, mails: int = 1
) -> tuple[list[Outcome], ScriptedHop]:
    async with ScriptedHop(script, tls=tls) as hop:
        encryption = required(str(authority.file))
        courier = SmtpCourier(Hop("127.0.0.1", hop.port, "hop.test"), "relay.example", Limits(attempt_timeout=2), encryption)
        outcomes = [await courier.send("", ANN, MAIL) for _ in range(mails)]
        await courier.close()
        return outcomes, hop


@pytest.mark.parametrize("loop_factory", LOOPS)
def test_a_hop_with_a_valid_certificate_gets_mail_and_all_of_it_encrypted(
    authority: Authority, loop_factory: LoopFactory
) -> None:
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        outcomes, hop = runner.run(send_to(authority, ENCRYPTS, authority.server("hop.test"), mails=3))
    assert outcomes == [Delivered(250, "2.0.0", "queued")] * 3
    assert (len(hop.mails), hop.encrypted_mails, hop.connections) == (3, 3, 1)
    assert hop.commands[:3] == ["EHLO relay.example", "STARTTLS", "EHLO relay.example"]


def never_gets_any(outcomes: list[Outcome], hop: ScriptedHop, enhanced: str) -> None:
    [outcome] = outcomes
    assert isinstance(outcome, Deferred)
    assert (outcome.code, outcome.enhanced, outcome.indeterminate) == (0, enhanced, False)
    assert hop.mails == []
    assert not [command for command in hop.commands if command.startswith("MAIL")]
    assert hop.connections == 1  # and nobody came back to speak in the clear


@pytest.mark.parametrize("loop_factory", LOOPS)
@pytest.mark.parametrize("fault", ["another name", "its day is over", "signed by another", "a common name alone"])
def test_a_hop_with_a_certificate_that_is_not_valid_gets_none(
    authority: Authority, tmp_path: Path, fault: str, loop_factory: LoopFactory
) -> None:
    tls = {
        "another name": lambda: authority.server("elsewhere.test"),
        "its day is over": lambda: authority.server("hop.test", days=-1),
        "signed by another": lambda: Authority(tmp_path / "other", "Mallory").server("hop.test"),
        "a common name alone": lambda: authority.server(common_name="hop.test"),
    }[fault]()
    with asyncio.Runner(loop_factory=loop_factory) as runner:
        never_gets_any(*runner.run(send_to(authority, ENCRYPTS, tls)), "4.7.5")


def test_nor_one_that_offers_no_encryption(authority: Authority) -> None:
    never_gets_any(*asyncio.run(send_to(authority, {}, None)), "4.7.10")


@pytest.mark.parametrize("answer", ["454 4.7.0 not now", "502 5.5.1 what"])
def test_nor_one_that_declines(authority: Authority, answer: str) -> None:
    never_gets_any(*asyncio.run(send_to(authority, {**ENCRYPTS, "STARTTLS": answer}, None)), "4.7.10")


@pytest.mark.parametrize("answer", ["220 go", "220 go\r\n250 injected", DROP, HANG, "421 4.3.2 bye", "354 go", "hello"])
def test_nor_one_whose_tls_fails(authority: Authority, answer: str) -> None:
    never_gets_any(*asyncio.run(send_to(authority, {**ENCRYPTS, "STARTTLS": answer}, None)), "4.7.0")


def test_nothing_that_came_in_the_clear_behind_220_is_heard(authority: Authority) -> None:
    """Whoever stands between may put an answer there, for us to believe once the line is encrypted."""
    injected = {**ENCRYPTS, "STARTTLS": "220 go\r\n250-hop.test\r\n250 SIZE 1"}
    never_gets_any(*asyncio.run(send_to(authority, injected, authority.server("hop.test"))), "4.7.0")


@pytest.mark.parametrize("encryption", [required(), opportunistic()])
def test_nothing_older_than_tls_1_2_is_spoken(encryption: Encryption) -> None:
    assert encryption.context.minimum_version == ssl.TLSVersion.TLSv1_2


# The setting


@pytest.fixture
def trusted(authority: Authority, monkeypatch: pytest.MonkeyPatch) -> Iterator[Authority]:
    """The authority as one that the whole machine trusts."""
    monkeypatch.setenv("SSL_CERT_FILE", str(authority.file))
    verified_tls.cache_clear()
    yield authority
    verified_tls.cache_clear()


def installed(folder: Path, next_hop: str, tls: str) -> Path:
    config = install(folder, f"sqlite:///{folder}/postern.db", 1).config
    written = config.read_text().replace("smtp://127.0.0.1:1", next_hop)
    config.write_text(written.replace("[delivery]\n", f'[delivery]\ntls = "{tls}"\n'))
    return config


def send_as_set(folder: Path, tls: str, server: ssl.SSLContext | None, script: Script) -> tuple[Outcome, ScriptedHop]:
    async def sending() -> tuple[Outcome, ScriptedHop]:
        async with ScriptedHop(script, tls=server) as hop:
            courier = _courier(build_house(installed(folder, f"smtp://localhost:{hop.port}", tls)))
            outcome = await courier.send("", ANN, MAIL)
            await courier.close()
            return outcome, hop

    return asyncio.run(sending())


def test_required_is_what_the_settings_say(trusted: Authority, tmp_path: Path) -> None:
    outcome, hop = send_as_set(tmp_path / "a", "required", trusted.server("localhost"), ENCRYPTS)
    assert isinstance(outcome, Delivered)
    assert hop.encrypted_mails == 1
    outcome, hop = send_as_set(tmp_path / "b", "required", trusted.server("elsewhere.test"), ENCRYPTS)
    assert isinstance(outcome, Deferred)
    assert hop.mails == []


def test_so_is_opportunistic(tmp_path: Path) -> None:
    outcome, hop = send_as_set(tmp_path / "a", "opportunistic", None, {})
    assert isinstance(outcome, Delivered)
    assert hop.encrypted_mails == 0


def test_required_for_everybody_in_the_world_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"delivery\.tls"):
        _courier(build_house(installed(tmp_path, "mx", "required")))


def test_a_third_way_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"delivery\.tls"):
        build_house(installed(tmp_path, "mx", "sometimes"))
