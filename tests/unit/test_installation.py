import re
import stat
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from postern import installation
from postern.errors import ConfigurationError
from postern.installation import describe_settings, install
from postern.keys import load_keyring
from postern.settings import Settings, load_settings
from postern.smtp.dkim import dns_record, load_signing_key

MANUAL = Path(__file__).resolve().parents[2] / "docs" / "operate" / "settings.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder that does not exist yet, in one that does not exist either."""
    return tmp_path / "new" / "postern"


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode)


def everything(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))


def without_dkim(settings: Settings) -> Settings:
    return settings.model_copy(update={"dkim": ()})


def test_an_installation_has_all_that_serving_needs(folder: Path) -> None:
    made = install(folder)
    assert everything(folder) == [
        "data",
        "dkim",
        "dkim.txt",
        "dkim/postern-ed25519.pem",
        "dkim/postern-rsa.pem",
        "master.keys",
        "postern.toml",
    ]
    assert all(any(line.startswith(str(folder / name)) for line in made) for name in ("postern.toml", "master.keys", "dkim.txt"))


def test_what_is_secret_is_for_its_owner_alone(folder: Path) -> None:
    install(folder)
    assert {mode(folder / name) for name in (".", "data", "dkim")} == {0o700}
    secret = ("master.keys", "dkim/postern-rsa.pem", "dkim/postern-ed25519.pem", "postern.toml")
    assert {mode(folder / name) for name in secret} == {0o600}


def test_the_settings_load_and_are_the_defaults(folder: Path) -> None:
    install(folder)
    settings = load_settings(folder / "postern.toml")
    (folder / "empty.toml").write_text("", encoding="utf-8")
    assert without_dkim(settings) == load_settings(folder / "empty.toml")
    assert load_keyring(settings.keys.master_file).newest == 1


def test_a_comment_that_becomes_a_setting_is_the_default_too(folder: Path) -> None:
    install(folder)
    text = (folder / "postern.toml").read_text(encoding="utf-8")
    active, count = re.subn(r"^# (\w+ = )", r"\1", text, flags=re.MULTILINE)
    (folder / "all.toml").write_text(active, encoding="utf-8")
    assert count > 50
    assert load_settings(folder / "all.toml") == load_settings(folder / "postern.toml")


def test_every_key_stands_in_the_file_with_its_meaning(folder: Path) -> None:
    install(folder)
    lines = (folder / "postern.toml").read_text(encoding="utf-8").splitlines()
    for number, line in enumerate(lines):
        if (
            re.match(r"(?:# )?\w+ = ", line)
            and "dkim" not in line
            and lines[number - 1] != "[[dkim]]"
            and " = " not in lines[number - 1]
        ):
            assert re.match(r"# \S+ \S+", lines[number - 1]), line


def test_mail_is_signed_with_the_keys_that_the_records_show(folder: Path) -> None:
    install(folder, "Messages.Shop.example")
    settings = load_settings(folder / "postern.toml")
    records = (folder / "dkim.txt").read_text(encoding="utf-8")
    published = dict(re.findall(r'^(\S+)\. IN TXT \(((?:\s+"[^"]{1,255}")+) \)$', records, re.MULTILINE))
    assert [one.algorithm for one in settings.dkim] == ["rsa-sha256", "ed25519-sha256"]
    for one in settings.dkim:
        key = load_signing_key(one.domain, one.selector, one.algorithm, one.key_file.read_bytes())
        strings = re.findall(r'"([^"]+)"', published[f"{one.selector}._domainkey.messages.shop.example"])
        assert "".join(strings) == dns_record(key)


def test_no_two_installations_share_a_key(tmp_path: Path) -> None:
    for name in ("one", "two"):
        install(tmp_path / name)
    for name in ("master.keys", "dkim/postern-rsa.pem", "dkim/postern-ed25519.pem"):
        assert (tmp_path / "one" / name).read_bytes() != (tmp_path / "two" / name).read_bytes()
    rsa = load_pem_private_key((tmp_path / "one" / "dkim/postern-rsa.pem").read_bytes(), None)
    assert getattr(rsa, "key_size", 0) == 2048


@pytest.mark.parametrize("name", ["postern.toml", "master.keys", "data", "dkim", "dkim.txt"])
def test_nothing_that_is_there_is_replaced(folder: Path, name: str) -> None:
    folder.mkdir(parents=True)
    (folder / name).symlink_to("/nowhere")
    with pytest.raises(ConfigurationError, match=f"{name} exists already"):
        install(folder)
    assert everything(folder) == [name]


def test_a_second_time_changes_nothing(folder: Path) -> None:
    install(folder)
    before = (folder / "master.keys").read_bytes()
    with pytest.raises(ConfigurationError, match="exists already"):
        install(folder)
    assert (folder / "master.keys").read_bytes() == before


def test_other_files_in_the_folder_stay(folder: Path) -> None:
    folder.mkdir(parents=True)
    (folder / "notes.txt").write_text("mine", encoding="utf-8")
    install(folder)
    assert (folder / "notes.txt").read_text(encoding="utf-8") == "mine"


def test_nothing_half_made_is_left_behind(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(installation, "SETTINGS_FILE", "no/such/folder")
    with pytest.raises(ConfigurationError, match="cannot be written: No such file or directory"):
        install(folder)
    assert not folder.parent.exists()


def test_a_file_is_no_folder(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("", encoding="utf-8")
    with pytest.raises(ConfigurationError, match="cannot be written"):
        install(tmp_path / "file")


@pytest.mark.parametrize("domain", ["", "localhost", "a b.example", "a.example\n[smtp]", '"'])
def test_a_mail_domain_that_is_none_is_refused_before_anything_is_made(folder: Path, domain: str) -> None:
    with pytest.raises(ConfigurationError, match="must be a domain name"):
        install(folder, domain)
    assert not folder.exists()


def test_the_manual_lists_every_setting_as_it_is() -> None:
    """When this fails, write what ``describe_settings`` gives into docs/operate/settings.md."""
    assert MANUAL.read_text(encoding="utf-8") == describe_settings()


def test_the_manual_explains_every_setting() -> None:
    rows = re.findall(r"^\| `(\w+)` \| (.+?) \| (.*) \|$", describe_settings(), re.MULTILINE)
    assert len(rows) > 60
    assert not [key for key, _, meaning in rows if len(meaning.split()) < 3]
