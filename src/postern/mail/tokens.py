"""What our mails carry signed: the thread's token, and the links that act without sign-in.

A thread token proves nothing but that this pair's thread was quoted (R9); it never expires, for a thread is never closed. A link
names one action, one message and the side it was issued to, and has an end. The link that an address confirms by (R20) names the
permission, and has an end too.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from postern.errors import TokenError
from postern.keys import (
    SHORT_MAC,
    Keyring,
    expiry_octets,
    from_base32,
    from_base64url,
    require_not_expired,
    to_base32,
    to_base64url,
)
from postern.model.relationship import Side

CONFIRM = "confirm-sender"
_THREAD = "thread token"
_SIDES = {Side.BUYER: b"b", Side.SELLER: b"s"}
_ID_LENGTH, _EXPIRY_LENGTH = 16, 3


def make_thread_token(keyring: Keyring, relationship_id: UUID, thread_id: UUID) -> str:
    """44 characters of lower-case base32 that name the thread to whoever knows the relationship."""
    return to_base32(keyring.seal_token(_THREAD, thread_id.bytes, about=relationship_id.bytes, mac_length=SHORT_MAC))


def read_thread_token(keyring: Keyring, relationship_id: UUID, token: str) -> UUID | None:
    """The thread, if the token was issued for this very relationship; another's counts for nothing (R9)."""
    try:
        payload = keyring.open_token(_THREAD, from_base32(token), about=relationship_id.bytes, mac_length=SHORT_MAC)
    except TokenError:
        return None
    return UUID(bytes=payload) if len(payload) == _ID_LENGTH else None


@dataclass(frozen=True, slots=True)
class LinkTarget:
    """The message a link acts on, and who may use it."""

    message_id: UUID
    side: Side


def make_link(keyring: Keyring, public_url: str, action: str, target: LinkTarget, expires_at: datetime) -> str:
    """The whole URL of one signed link: ``{public_url}/m/{action}/{token}``."""
    payload = target.message_id.bytes + _SIDES[target.side] + expiry_octets(expires_at)
    return f"{public_url}/m/{action}/{to_base64url(keyring.seal_token(_purpose(action), payload))}"


def read_link_token(keyring: Keyring, action: str, token: str, now: datetime) -> LinkTarget:
    """What the link acts on. Raises TokenError for any token that was not made for this action, or is past its time."""
    payload = keyring.open_token(_purpose(action), from_base64url(token))
    if len(payload) != _ID_LENGTH + 1 + _EXPIRY_LENGTH:
        raise TokenError("not a link")
    require_not_expired(payload[-_EXPIRY_LENGTH:], now)
    side = next(side for side, letter in _SIDES.items() if letter == payload[_ID_LENGTH : _ID_LENGTH + 1])
    return LinkTarget(UUID(bytes=payload[:_ID_LENGTH]), side)


def make_confirmation_link(keyring: Keyring, public_url: str, permission_id: UUID, expires_at: datetime) -> str:
    """The whole URL by which an address confirms that it writes for a seller (R20)."""
    token = keyring.seal_token(_purpose(CONFIRM), permission_id.bytes + expiry_octets(expires_at))
    return f"{public_url}/m/{CONFIRM}/{to_base64url(token)}"


def read_confirmation_token(keyring: Keyring, token: str, now: datetime) -> UUID:
    """The permission that such a link names. Raises TokenError for any token that was not made for this, or is past its time."""
    payload = keyring.open_token(_purpose(CONFIRM), from_base64url(token))
    if len(payload) != _ID_LENGTH + _EXPIRY_LENGTH:
        raise TokenError("not a link")
    require_not_expired(payload[-_EXPIRY_LENGTH:], now)
    return UUID(bytes=payload[:_ID_LENGTH])


def _purpose(action: str) -> str:
    return f"link {action}"
