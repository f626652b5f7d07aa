import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis import strategies as st

from postern.errors import ConfigurationError, TokenError
from postern.keys import (
    SHORT_MAC,
    Keyring,
    create_master_file,
    expiry_octets,
    from_base32,
    from_base64url,
    load_keyring,
    require_not_expired,
    to_base32,
    to_base64url,
)

RING = Keyring({1: b"1" * 32})
ROTATED = Keyring({1: b"1" * 32, 2: b"2" * 32})
PAYLOADS = st.binary(max_size=40)


def test_a_master_file_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "master.keys"
    create_master_file(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    ring = load_keyring(path)
    assert (ring.oldest, ring.newest, len(ring.masters[1])) == (1, 1, 32)
    with pytest.raises(FileExistsError):
        create_master_file(path)
    assert load_keyring(path) == ring


@pytest.mark.parametrize(
    "content",
    [
        "",
        "[]",
        "3",
        "null",
        "{}",
        '{"1": 3}',
        '{"1": "c2hvcnQ="}',
        '{"x": ""}',
        '{"0": "%s"}',
        '{"256": "%s"}',
        '{"1": "%s!"}',
        "\xff",
    ],
)
def test_a_damaged_master_file_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "master.keys"
    path.write_text(content.replace("%s", "A" * 43 + "="), encoding="latin-1")
    with pytest.raises(ConfigurationError, match=r"keys\.master_file: .*master\.keys"):
        load_keyring(path)


def test_a_missing_master_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match="`postern init` makes one"):
        load_keyring(tmp_path / "master.keys")


def test_a_file_with_two_keys_uses_the_newest(tmp_path: Path) -> None:
    path = tmp_path / "master.keys"
    path.write_text(json.dumps({"2": "A" * 43 + "=", "10": "B" * 42 + "A="}), encoding="ascii")
    assert (load_keyring(path).oldest, load_keyring(path).newest) == (2, 10)


def test_a_keyring_does_not_show_its_keys() -> None:
    assert "1111" not in repr(RING)


def test_a_key_is_derived_as_the_standard_says() -> None:
    """RFC 5869, by the library's own hand."""
    assert RING.derive("links", 1) == HKDF(SHA256(), 32, None, b"postern links").derive(b"1" * 32)


def test_no_two_purposes_have_one_key() -> None:
    keys = {ROTATED.derive(purpose, key_id) for purpose in ("links", "link", "data keys") for key_id in (1, 2)}
    assert len(keys) == 6
    with pytest.raises(TokenError):
        RING.derive("links", 9)


@given(PAYLOADS, PAYLOADS)
def test_a_token_gives_back_what_it_carries(payload: bytes, about: bytes) -> None:
    assert RING.open_token("links", RING.seal_token("links", payload, about=about), about=about) == payload


@given(PAYLOADS, st.integers(0, 1_000), st.integers(1, 255))
def test_a_token_with_a_changed_octet_is_refused(payload: bytes, place: int, change: int) -> None:
    token = bytearray(RING.seal_token("links", payload, mac_length=SHORT_MAC))
    token[place % len(token)] ^= change
    with pytest.raises(TokenError):
        RING.open_token("links", bytes(token), mac_length=SHORT_MAC)


@given(st.binary(max_size=80))
def test_no_bytes_are_a_token_by_chance_or_make_an_exception(token: bytes) -> None:
    with pytest.raises(TokenError):
        RING.open_token("links", token)


@given(PAYLOADS, PAYLOADS)
def test_a_token_is_for_one_purpose_and_about_one_thing(payload: bytes, about: bytes) -> None:
    token = RING.seal_token("links", payload, about=about)
    with pytest.raises(TokenError):
        RING.open_token("return paths", token, about=about)
    with pytest.raises(TokenError):
        RING.open_token("links", token, about=about + b"x")
    with pytest.raises(TokenError):
        RING.open_token("links", token[:1] + token[2:], about=token[1:2] + about)


def test_old_tokens_stay_good_and_new_ones_use_the_new_key() -> None:
    old, new = RING.seal_token("links", b"x"), ROTATED.seal_token("links", b"x")
    assert ROTATED.open_token("links", old) == ROTATED.open_token("links", new) == b"x"
    with pytest.raises(TokenError):
        RING.open_token("links", new)


def test_a_mark_stays_the_same_when_keys_are_rotated() -> None:
    assert RING.mark("blind index", b"x") == ROTATED.mark("blind index", b"x") != RING.mark("blind index", b"y")
    assert len(RING.mark("blind index", b"x")) == 16


@given(st.datetimes(datetime(1970, 1, 2), datetime(3800, 1, 1)))  # noqa: DTZ001 - the zone is added below
def test_a_link_is_good_until_its_time_and_for_an_hour_at_most_after(moment: datetime) -> None:
    expires_at = moment.replace(tzinfo=UTC, microsecond=0)
    octets = expiry_octets(expires_at)
    assert len(octets) == 3
    require_not_expired(octets, expires_at)
    with pytest.raises(TokenError):
        require_not_expired(octets, expires_at + timedelta(hours=1, seconds=1))


@given(st.binary(max_size=50))
def test_octets_survive_being_text(octets: bytes) -> None:
    assert from_base32(to_base32(octets)) == from_base32(to_base32(octets).upper()) == octets
    assert from_base64url(to_base64url(octets)) == octets


@given(st.text(max_size=8) | st.text("abcAB027-_=+/ \n", max_size=8))
def test_text_has_one_spelling_or_is_refused(text: str) -> None:
    """Two texts for one token would let the same token be used as two."""
    try:
        octets = from_base32(text)
    except TokenError:
        pass
    else:
        assert to_base32(octets) == text.lower()
    try:
        octets = from_base64url(text)
    except TokenError:
        pass
    else:
        assert to_base64url(octets) == text
