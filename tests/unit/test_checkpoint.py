"""Checkpoints as signed notes: what others signed we read, what we sign others can check, and any text may be read."""

import base64
from datetime import UTC, datetime
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from postern.actions.checkpoint_record import open_note, verifier_keys
from postern.actions.frame import Frame
from postern.errors import DamagedError, TokenError
from postern.keys import Keyring, is_signed
from postern.model.checkpoint import (
    Checkpoint,
    Note,
    Signature,
    key_id,
    read_checkpoint,
    read_note,
    signatures_by,
    spell_verifier,
)
from postern.model.limits import Limits
from postern.model.seal import HOUSE_CHAIN, Seal, chain_of

# The example of Go's package sumdb/note, where the format comes from.
VERIFIER = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
NOTE = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
RING = Keyring({1: b"a" * 32, 2: b"b" * 32})
ORIGIN = "messages.marketplace.example/record"


def signed(checkpoint: Checkpoint, key: int = 2, name: str = ORIGIN) -> str:
    text = checkpoint.text()
    public = RING.public_key("checkpoints", key)
    return Note(text, (Signature(name, key_id(name, public), RING.sign("checkpoints", text.encode(), key)),)).spell()


def test_a_note_that_another_program_signed_is_read_and_checked() -> None:
    name, _, encoded = VERIFIER.split("+", 2)
    public = base64.b64decode(encoded)[1:]
    assert spell_verifier(name, public) == VERIFIER
    note = read_note(NOTE)
    assert note is not None
    assert note.spell() == NOTE
    ((key, signature),) = signatures_by(note, name, [public])
    assert is_signed(key, signature, note.text.encode())
    assert not is_signed(key, signature, note.text.encode() + b" ")
    assert list(signatures_by(note, "SomebodyElse", [public])) == []


def test_a_checkpoint_has_the_three_lines_that_programs_for_logs_expect() -> None:
    """C2SP tlog-checkpoint, its own example."""
    text = "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n"
    read = read_checkpoint(text)
    assert read is not None
    assert (read.origin, read.size, read.text()) == ("example.com/behind-the-sofa", 20_852_163, text)


@pytest.mark.parametrize("key", [1, 2])
def test_a_checkpoint_of_any_of_our_keys_is_ours_after_a_rotation_too(key: int) -> None:
    checkpoint = Checkpoint(ORIGIN, 7, b"r" * 32)
    assert open_note(RING, signed(checkpoint, key)) == checkpoint
    with pytest.raises(DamagedError):
        open_note(Keyring({3: b"c" * 32}), signed(checkpoint, key))


def test_a_witness_may_have_signed_too_and_is_not_asked_about() -> None:
    checkpoint = Checkpoint(ORIGIN, 7, b"r" * 32)
    note = read_note(signed(checkpoint))
    assert note is not None
    witnessed = Note(note.text, (*note.signatures, Signature("witness.example/w", b"w" * 4, b"s" * 72))).spell()
    assert open_note(RING, witnessed) == checkpoint


def test_any_change_of_a_signed_checkpoint_is_refused() -> None:
    content = signed(Checkpoint(ORIGIN, 1_234, b"r" * 32))
    for place in range(len(content)):
        for other in ("x", "1", "\n", "+", " ", "\0"):
            changed = content[:place] + other + content[place + 1 :]
            if changed != content:
                with pytest.raises(DamagedError):
                    open_note(RING, changed)


@given(st.text(max_size=300) | st.text("—\n a1A=+/", max_size=60))
def test_any_text_is_read_without_an_exception(text: str) -> None:
    note = read_note(text)
    assert note is None or note.spell() == text
    assert note is None or note.signatures
    read_checkpoint(text)
    with pytest.raises(DamagedError):
        open_note(RING, text)


@given(st.binary(max_size=40), st.binary(max_size=70), st.binary(max_size=10))
def test_any_octets_may_be_asked_about_as_a_signature(key: bytes, signature: bytes, content: bytes) -> None:
    assert not is_signed(key, signature, content)


def test_the_public_keys_are_printed_for_everybody_the_one_in_use_first() -> None:
    frame = Frame("https://messages.marketplace.example", "mx", RING, Limits())
    lines = verifier_keys(frame)
    assert len(lines) == 2
    assert lines[0] == spell_verifier(ORIGIN, RING.public_key("checkpoints", 2))
    assert all(line.startswith(f"{ORIGIN}+") for line in lines)
    with pytest.raises(TokenError):
        RING.public_key("checkpoints", 3)
    spaced = Frame("https://a b+c.example", "mx", RING, Limits())
    assert verifier_keys(spaced)[0].count("+") == lines[0].count("+")  # a name has neither spaces nor plus


def test_a_signature_for_one_purpose_is_none_for_another() -> None:
    signature = RING.sign("checkpoints", b"content", 1)
    assert is_signed(RING.public_key("checkpoints", 1), signature, b"content")
    assert not is_signed(RING.public_key("exhibits", 1), signature, b"content")


def test_every_column_of_a_seal_is_in_its_hash() -> None:
    one = Seal(1, 2, UUID(int=3), b"d" * 32, "house", 4, b"p" * 32, datetime(2026, 1, 1, tzinfo=UTC))
    others = (
        Seal(9, 2, UUID(int=3), b"d" * 32, "house", 4, b"p" * 32, datetime(2026, 1, 1, tzinfo=UTC)),
        Seal(1, 9, UUID(int=3), b"d" * 32, "house", 4, b"p" * 32, datetime(2026, 1, 1, tzinfo=UTC)),
        Seal(1, 2, UUID(int=9), b"d" * 32, "house", 4, b"p" * 32, datetime(2026, 1, 1, tzinfo=UTC)),
        Seal(1, 2, UUID(int=3), b"e" * 32, "house", 4, b"p" * 32, datetime(2026, 1, 1, tzinfo=UTC)),
        Seal(1, 2, UUID(int=3), b"d" * 32, "houses", 4, b"p" * 32, datetime(2026, 1, 1, tzinfo=UTC)),
        Seal(1, 2, UUID(int=3), b"d" * 32, "house", 9, b"p" * 32, datetime(2026, 1, 1, tzinfo=UTC)),
        Seal(1, 2, UUID(int=3), b"d" * 32, "house", 4, b"q" * 32, datetime(2026, 1, 1, tzinfo=UTC)),
        Seal(1, 2, UUID(int=3), b"d" * 32, "house", 4, b"p" * 32, datetime(2026, 1, 2, tzinfo=UTC)),
        Seal(1, 2, UUID(int=3), b"d" * 32, "housep", 4, b"p" * 31, datetime(2026, 1, 1, tzinfo=UTC)),
    )
    assert len({one.compute_hash(), *(other.compute_hash() for other in others)}) == len(others) + 1


def test_a_chain_is_named_for_its_pair_else_its_seller_else_the_house() -> None:
    assert chain_of(3, UUID(int=1)) == "rel_" + "0" * 25 + "1"
    assert chain_of(3, None) == "seller 3"
    assert chain_of(0, None) == HOUSE_CHAIN
