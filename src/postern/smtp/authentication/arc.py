"""Validates the chain of servers that forwarded a mail (ARC, RFC 8617): what each found, sealed over all before it.

It is a hint for people and for the record. A forwarder's word proves nobody here, for any server can seal anything about anybody.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

from postern.model.authentication import Result
from postern.smtp.authentication.answers import Answer
from postern.smtp.authentication.dkim import (
    Body,
    Signature,
    UnverifiedError,
    find_key,
    holds,
    read_tags_of,
    require_holding,
    signature_of,
    without_proof,
)
from postern.smtp.authentication.head import Head, RawField
from postern.smtp.canonical import relaxed_field

_RESULTS, _MESSAGE, _SEAL = b"arc-authentication-results", b"arc-message-signature", b"arc-seal"
_NAMES = (_RESULTS, _MESSAGE, _SEAL)


@dataclass(frozen=True, slots=True)
class Instance:
    """What one server added: its findings, its signature over the mail, and its seal over all instances so far."""

    fields: tuple[RawField, RawField, RawField] = field(repr=False)
    message: Signature
    seal: Signature
    claim: str  # what it found of the chain before it: none, pass or fail


def read_chain(head: Head, maximum: int) -> tuple[Instance, ...]:
    """The instances in order, the first one first; none where no server added one. Raises UnverifiedError."""
    added: dict[int, dict[bytes, RawField]] = {}
    for one in head.fields:
        if one.name in _NAMES:
            of_number = added.setdefault(_number_of(one), {})
            if one.name in of_number:
                raise UnverifiedError(Result.FAIL, "an instance is there twice")
            of_number[one.name] = one
    if len(added) > maximum:
        raise UnverifiedError(Result.POLICY, "it went through very many servers")
    if sorted(added) != list(range(1, len(added) + 1)) or any(len(one) != len(_NAMES) for one in added.values()):
        raise UnverifiedError(Result.FAIL, "the chain has a gap")
    chain = tuple(_instance(added[number]) for number in sorted(added))
    if any(one.claim != ("pass" if place else "none") for place, one in enumerate(chain)):
        raise UnverifiedError(Result.FAIL, "a server found the chain broken")  # RFC 8617 5.2, step 3
    return chain


def _number_of(raw: RawField) -> int:
    """``i=``: the first tag of the findings, and a tag of the others."""
    text = (
        raw.value.decode("latin-1").partition(";")[0].strip() if raw.name == _RESULTS else f"i={read_tags_of(raw).get('i', '')}"
    )
    name, _, number = text.partition("=")
    number = number.strip()
    if name.strip() != "i" or not (number.isascii() and number.isdigit() and len(number) <= 2):  # noqa: PLR2004 - RFC 8617 4.2.1: 50
        raise UnverifiedError(Result.FAIL, "an instance has no number")
    return int(number)


def _instance(added: dict[bytes, RawField]) -> Instance:
    message = {name: value for name, value in read_tags_of(added[_MESSAGE]).items() if name != "i"}
    seal = {name: value for name, value in read_tags_of(added[_SEAL]).items() if name != "i"}
    if "h" in seal or "bh" in seal or _SEAL in (one.strip().lower().encode() for one in message.get("h", "").split(":")):
        raise UnverifiedError(Result.FAIL, "a seal signs what it must not")  # RFC 8617 4.1.2, 4.1.3
    as_signature = {**seal, "h": "from", "bh": "", "c": "relaxed/relaxed"}
    fields = (added[_RESULTS], added[_MESSAGE], added[_SEAL])
    claim = seal.get("cv", "").lower()
    return Instance(fields, signature_of(added[_MESSAGE], message), signature_of(added[_SEAL], as_signature), claim)


def key_names(chain: Sequence[Instance]) -> list[str]:
    """Where the keys are published that are needed: of the last server's signature, and of each seal."""
    return [chain[-1].message.key_name, *(one.seal.key_name for one in chain)] if chain else []


def validate_chain(chain: Sequence[Instance], keys: Sequence[Answer], head: Head, body: Body) -> Result:
    """RFC 8617 5.2: whether the mail is as the last server had it, and no seal was changed. ``keys`` are those of the names."""
    if not chain:
        return Result.NONE
    try:
        require_holding(chain[-1].message, find_key(chain[-1].message, keys[0]), head, body)
        for place, key in enumerate(keys[1:], start=1):
            seal = chain[place - 1].seal
            if not holds(find_key(seal, key), seal.proof, _sealed_text(chain[:place])):
                return Result.FAIL
    except UnverifiedError as error:
        return Result.TEMPERROR if error.result is Result.TEMPERROR else Result.FAIL
    return Result.PASS


def _sealed_text(chain: Sequence[Instance]) -> bytes:
    """RFC 8617 5.1.1: the instances in order, each as findings, signature and seal, and the last seal without its proof."""
    *before, last = [one for instance in chain for one in instance.fields]
    written = [relaxed_field(one.name, one.value) for one in (*before, without_proof(last))]
    return b"".join(written).removesuffix(b"\r\n")
