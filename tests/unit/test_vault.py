"""Sealing: what a key closes, only that key opens, whole, in its own place."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.errors import DamagedError
from postern.keys import Keyring
from postern.model.address import Address
from postern.model.identifier import new_id
from postern.storage.vault import Vault

VAULT = Vault(Keyring({1: b"k" * 32}))
OWNER = new_id()
KEY, WRAPPED = VAULT.make_key(OWNER)


@given(st.binary(max_size=200))
def test_what_was_sealed_opens_as_it_was(plain: bytes) -> None:
    sealed = KEY.seal(plain, "document")
    assert KEY.open(sealed, "document") == plain
    assert len(sealed) == len(plain) + 28  # nonce and tag
    assert KEY.seal(plain, "document") != sealed


@given(st.text(max_size=50))
def test_text_comes_back_even_where_it_is_no_proper_unicode(text: str) -> None:
    assert KEY.open_text(KEY.seal_text(text, "subject"), "subject") == text


@given(st.binary(max_size=100))
def test_bytes_that_nobody_sealed_do_not_open_and_raise_nothing_else(octets: bytes) -> None:
    with pytest.raises(DamagedError):
        KEY.open(octets, "document")
    with pytest.raises(DamagedError):
        VAULT.open_key(OWNER, octets)


@given(st.data())
def test_one_changed_bit_is_seen(drawn: st.DataObject) -> None:
    sealed = bytearray(KEY.seal(b"words", "document"))
    place = drawn.draw(st.integers(0, len(sealed) * 8 - 1))
    sealed[place // 8] ^= 1 << place % 8
    with pytest.raises(DamagedError):
        KEY.open(bytes(sealed), "document")


def test_a_value_does_not_open_in_another_columns_place() -> None:
    with pytest.raises(DamagedError):
        KEY.open(KEY.seal(b"words", "subject"), "text")


def test_a_key_opens_for_its_owner_and_under_its_master_alone() -> None:
    assert VAULT.open_key(OWNER, WRAPPED) == KEY
    with pytest.raises(DamagedError):
        VAULT.open_key(new_id(), WRAPPED)
    with pytest.raises(DamagedError):
        Vault(Keyring({1: b"m" * 32})).open_key(OWNER, WRAPPED)
    with pytest.raises(DamagedError, match="not in the key file"):
        Vault(Keyring({2: b"k" * 32})).open_key(OWNER, WRAPPED)


@pytest.mark.parametrize("wrapped", [None, b""])
def test_a_destroyed_key_says_so(wrapped: bytes | None) -> None:
    with pytest.raises(DamagedError, match="destroyed"):
        VAULT.open_key(OWNER, wrapped)


def test_when_a_master_is_added_new_keys_use_it_and_old_ones_and_marks_stay() -> None:
    rotated = Vault(Keyring({1: b"k" * 32, 2: b"n" * 32}))
    assert rotated.open_key(OWNER, WRAPPED) == KEY
    _, wrapped = rotated.make_key(OWNER)
    assert wrapped[0] == 2
    with pytest.raises(DamagedError):
        VAULT.open_key(OWNER, wrapped)
    ann = Address.parse("ann@mail.test")
    assert rotated.mark_address(ann) == VAULT.mark_address(ann)
    assert rotated.house_key() == VAULT.house_key()


def test_an_address_has_one_mark_whatever_its_case_and_another_under_another_master() -> None:
    ann = Address.parse("ann@mail.test")
    assert VAULT.mark_address(ann) == VAULT.mark_address(Address.parse("ANN@Mail.Test"))
    assert VAULT.mark_address(ann) != VAULT.mark_address(Address.parse("anne@mail.test"))
    assert VAULT.mark_address(ann) != Vault(Keyring({1: b"m" * 32})).mark_address(ann)


@given(st.lists(st.binary(max_size=4), max_size=4), st.lists(st.binary(max_size=4), max_size=4))
def test_the_parts_of_a_mark_never_run_into_each_other(first: list[bytes], second: list[bytes]) -> None:
    assert (VAULT.mark("repeat", *first) == VAULT.mark("repeat", *second)) == (first == second)


def test_a_mark_for_one_purpose_is_none_for_another() -> None:
    assert VAULT.mark("repeat", b"x") != VAULT.mark("refused", b"x")
    assert VAULT.mark_external("buyer", "de", "ann") != VAULT.mark_external("buyer", "fr", "ann")


def test_keys_do_not_show_themselves() -> None:
    for shown in (repr(KEY), repr(VAULT)):
        assert "kkkk" not in shown
        assert repr(KEY.octets) not in shown
