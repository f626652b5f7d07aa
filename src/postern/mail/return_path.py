"""The return path of our mails: signed, with an end, naming the message that a failure report is about and nothing else."""

from datetime import datetime
from uuid import UUID

from postern.errors import TokenError
from postern.keys import SHORT_MAC, Keyring, expiry_octets, from_base32, require_not_expired, to_base32

PREFIX = "rp-"
_PURPOSE = "return path"
_ID_LENGTH, _EXPIRY_LENGTH = 16, 3


def make_return_path(keyring: Keyring, message_id: UUID, expires_at: datetime, domain: str) -> str:
    """The reverse-path for one message: 51 characters before the @, which survive a change of case."""
    token = keyring.seal_token(_PURPOSE, message_id.bytes + expiry_octets(expires_at), mac_length=SHORT_MAC)
    return f"{PREFIX}{to_base32(token)}@{domain}"


def read_return_path(keyring: Keyring, local_part: str, now: datetime) -> UUID:
    """The message that a report to this local part is about. Raises TokenError for anything else, and past its time."""
    lowered = local_part.lower()
    if not lowered.startswith(PREFIX):
        raise TokenError("no return path of ours")
    payload = keyring.open_token(_PURPOSE, from_base32(lowered.removeprefix(PREFIX)), mac_length=SHORT_MAC)
    if len(payload) != _ID_LENGTH + _EXPIRY_LENGTH:
        raise TokenError("no return path of ours")
    require_not_expired(payload[-_EXPIRY_LENGTH:], now)
    return UUID(bytes=payload[:_ID_LENGTH])
