import os
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.errors import ConfigurationError
from postern.listening import is_loopback, split_listen
from postern.model.hosts import read_nameservers
from postern.model.limits import Limits
from postern.settings import ENVIRONMENT_PREFIX, Settings, load_settings, web_listen

Write = Callable[[str], Path]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """Writes a settings file, in an environment that has nothing to say."""
    for name in list(os.environ):
        if name.startswith(ENVIRONMENT_PREFIX):
            monkeypatch.delenv(name)

    def write(text: str) -> Path:
        path = tmp_path / "postern.toml"
        path.write_text(text, encoding="utf-8")
        return path

    return write


def fault(path: Path) -> str:
    with pytest.raises(ConfigurationError) as caught:
        load_settings(path)
    return str(caught.value).removeprefix(f"{path}: ")


def test_an_empty_file_gives_the_defaults(write: Write) -> None:
    settings = load_settings(write(""))
    assert settings.limits == Limits()
    assert (settings.smtp, settings.delivery, settings.dkim) == (Settings().smtp, Settings().delivery, ())


def test_paths_are_beside_the_file_wherever_the_command_runs(
    write: Write, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(
        '[smtp]\ntls_cert = "tls/cert.pem"\n[keys]\nmaster_file = "/etc/postern/master.keys"\n'
        '[[dkim]]\ndomain = "a.example"\nselector = "s"\nalgorithm = "rsa-sha256"\nkey_file = "dkim/a.pem"\n'
    )
    monkeypatch.chdir("/")
    settings = load_settings(path)
    assert settings.service.data_dir == tmp_path / "data"
    assert settings.store.url == f"sqlite:///{tmp_path}/data/postern.db"
    assert settings.blobs.url == f"file://{tmp_path}/data/blobs"
    assert settings.smtp.tls_cert == str(tmp_path / "tls/cert.pem")
    assert settings.smtp.tls_key == ""
    assert settings.keys.master_file == Path("/etc/postern/master.keys")
    assert settings.dkim[0].key_file == tmp_path / "dkim/a.pem"


@pytest.mark.parametrize(
    "url", ["postgresql+psycopg://postern:secret@127.0.0.1/postern", "sqlite:///:memory:", "sqlite:////var/p.db"]
)
def test_a_store_elsewhere_stays_where_it_is(write: Write, url: str) -> None:
    assert load_settings(write(f'[store]\nurl = "{url}"')).store.url == url


@pytest.mark.parametrize(
    "text, sentence",
    [
        ("[smpt]\nlisten = 'x'", "smpt: no such key; did you mean 'smtp'?"),
        ("_env_prefix = 'X'", "_env_prefix: no such key (known: authentication, blobs, catalogue, clamav,"),
        ("[smtp]\nlisten_to = 'x'", "smtp.listen_to: no such key; did you mean 'listen'?"),
        ("[limits]\nbatches = 3", "limits.batches: no such key; did you mean 'batch'?"),
        ("[[dkim]]\nselektor = 'x'", "dkim.0.selektor: no such key; did you mean 'selector'?"),
        ("[smtp]\nlisten = 25", "smtp.listen: must be a valid string"),
        ("[smtp]\ntrusted_sources = ['10.0.0.1/8']", "smtp.trusted_sources: 10.0.0.1/8 is no network such as 192.0.2.0/24"),
        ("[smtp]\ntrusted_sources = '10.0.0.0/8'", "smtp.trusted_sources: must be a valid tuple"),
        ("[limits]\nbatch = 'many'", "limits.batch: must be a valid integer"),
        ("[limits]\nbatch = -1", "limits: batch cannot be negative"),
        ("[limits]\nbatch = true", "limits: batch must be a number"),
        ("limits = 3", "limits: must be"),
        ("[authentication]\nmode = 'maybe'", "authentication.mode: must be 'off'"),
        ("[authentication]\nupstream_addresses = ['mx.example']", "authentication.upstream_addresses: mx.example is no network"),
        ("[dns]\nnameservers = ['ns.example']", "dns.nameservers: "),
        ("[dns]\nnameservers = ['192.0.2.53:x']", "dns.nameservers: 192.0.2.53:x is no name server"),
        ("[[dkim]]\ndomain = 'a.example'", "dkim.0.selector: is missing"),
        ('[keys]\nmaster_file = "a\\u0000b"', "keys.master_file: must not have control characters"),
        ("[service]\npublic_url = 'messages.example'", "service.public_url: must be a web address"),
        ("[service]\npublic_url = 'http://[::1'", "service.public_url: "),
        ("[smtp", "Expected ']'"),
        ("a = " + "[" * 5_000, "nested too deep"),
    ],
)  # fmt: skip
def test_a_mistake_is_named_with_its_place(write: Write, text: str, sentence: str) -> None:
    assert sentence in fault(write(text))


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    assert "`postern init DIR` makes one" in fault(tmp_path / "none.toml")
    assert fault(tmp_path).startswith(f"{tmp_path} cannot be read")
    (tmp_path / "bytes.toml").write_bytes(b"\xff")
    assert "cannot be read" in fault(tmp_path / "bytes.toml")


def test_the_environment_wins_over_the_file_key_by_key(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTERN__SMTP__LISTEN", "127.0.0.1:25")
    monkeypatch.setenv("POSTERN__LIMITS__CLAIM", "7")
    monkeypatch.setenv("POSTERN__SMTP__TRUSTED_SOURCES", '["192.0.2.0/24"]')
    settings = load_settings(write('[smtp]\nlisten = "127.0.0.1:26"\nhostname = "mx.example"\n[limits]\nbatch = 3'))
    assert (settings.smtp.listen, settings.smtp.hostname) == ("127.0.0.1:25", "mx.example")
    assert settings.smtp.trusted_sources == ("192.0.2.0/24",)
    assert (settings.limits.batch, settings.limits.claim) == (3, 7)
    assert settings.limits.sessions == Limits().sessions


@pytest.mark.parametrize(
    "name, content, sentence",
    [
        ("POSTERN__SMPT__LISTEN", "x", "there is no section 'smpt'; did you mean 'smtp'?"),
        ("POSTERN__SMTP__LISTN", "x", "[smtp] has no key 'listn'; did you mean 'listen'?"),
        ("POSTERN__LIMITS__BATCHES", "3", "[limits] has no key 'batches'; did you mean 'batch'?"),
        ("POSTERN__LIMITS__BATCH", "many", "limits.batch: must be a valid integer"),
        ("POSTERN__DKIM", "none", "must be JSON"),
    ],
)
def test_a_mistake_in_the_environment_is_named(
    write: Write, monkeypatch: pytest.MonkeyPatch, name: str, content: str, sentence: str
) -> None:
    monkeypatch.setenv(name, content)
    assert sentence in fault(write(""))


def test_other_programs_variables_are_left_alone(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POSTERN_HOME", "x")
    assert load_settings(write("")).dkim == ()


@pytest.mark.parametrize("listen", ["127.0.0.1:25", "127.8.8.8:25", "[::1]:25", "localhost:25"])
def test_the_loopback_is_recognised(listen: str) -> None:
    assert is_loopback(listen)


@pytest.mark.parametrize("listen", ["0.0.0.0:25", "[::]:25", "10.0.0.1:25", "localhost.example:25", "mx.example:25"])
def test_everything_else_reaches_beyond_this_machine(listen: str) -> None:
    assert not is_loopback(listen)


def test_an_address_to_listen_on_is_a_host_and_a_port() -> None:
    assert split_listen("127.0.0.1:2525") == ("127.0.0.1", 2525)
    assert split_listen("[::1]:0") == ("::1", 0)


@pytest.mark.parametrize(
    "listen", ["", "25", ":25", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:smtp", "127.0.0.1:-1", "h:²"]
)
def test_anything_else_is_refused(listen: str) -> None:
    with pytest.raises(ConfigurationError, match="such as 127"):
        split_listen(listen)


@given(st.text(max_size=30))
def test_no_text_to_listen_on_makes_another_exception(listen: str) -> None:
    try:
        host, port = split_listen(listen)
    except ConfigurationError:
        return
    assert host is not None
    assert 0 <= port <= 65_535


@pytest.mark.parametrize(
    "section, expected",
    [
        ("", "127.0.0.1:8480"),
        ("[service]\npublic_url = 'http://127.0.0.1:9000'", "127.0.0.1:9000"),
        ("[service]\npublic_url = 'http://localhost:9000/'", "localhost:9000"),
        ("[service]\npublic_url = 'https://messages.example:9000'", "127.0.0.1:8480"),
        ("[service]\npublic_url = 'https://messages.example'", "127.0.0.1:8480"),
        ("[service]\npublic_url = 'https://messages.example'\n[web]\nlisten = '127.0.0.1:1'", "127.0.0.1:1"),
    ],
)
def test_the_pages_listen_where_browsers_on_this_machine_look(write: Write, section: str, expected: str) -> None:
    assert web_listen(load_settings(write(section))) == expected


def test_a_port_that_is_no_number_is_refused(write: Write) -> None:
    with pytest.raises(ConfigurationError, match="host or port cannot be read"):
        web_listen(load_settings(write("[service]\npublic_url = 'http://127.0.0.1:none'")))


@pytest.mark.parametrize(
    "text, address",
    [
        ("192.0.2.53", ("192.0.2.53", 53)),
        ("192.0.2.53:5353", ("192.0.2.53", 5353)),
        ("2001:db8::53", ("2001:db8::53", 53)),
        ("[2001:db8::53]:5353", ("2001:db8::53", 5353)),
    ],
)
def test_a_name_server_is_an_address_perhaps_with_a_port(text: str, address: tuple[str, int]) -> None:
    assert read_nameservers([text]) == (address,)


def test_a_zone_file_lies_beside_the_settings(write: Write) -> None:
    path = write('[dns]\nzone_file = "our.zone"')
    assert load_settings(path).dns.zone_file == str(path.parent / "our.zone")
