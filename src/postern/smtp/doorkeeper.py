"""The doorkeeper: lets clients try to sign in, slower with each wrong try, and after some not at all for a while.

It counts for each account from each network, and for each network over all accounts; an account that nobody has is counted like
any other, so the counting tells nothing. Of one account from one network it looks at one try after the other, so a hundred at
once are no more than a hundred in a row. It never locks an account for everybody: a stranger's tries must not shut its owner out.
What it remembers is bounded and lost with the process; names are kept as digests alone.
"""

import asyncio
import hashlib
import secrets
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from ipaddress import IPv6Address, ip_address

from postern.actions.sign_in_to_send import Credentials
from postern.errors import StoreError
from postern.model.limits import Limits
from postern.model.submission import SignedIn
from postern.smtp import wording
from postern.smtp.reply import Reply

_FIRST_DELAY = 0.5  # seconds; doubled by each further wrong try
_NETWORK_BITS = 64  # of an IPv6 address: what one customer of a provider has

Check = Callable[[Credentials], Awaitable[SignedIn | None]]


@dataclass(slots=True)
class _Count:
    """Wrong tries lately. ``turn`` lets one look-up go on at a time."""

    wrong: int = 0
    last_at: float = 0.0
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


class Doorkeeper:
    """Asks ``check`` who somebody is, unless they have guessed too often. Belongs to one loop."""

    def __init__(self, check: Check, limits: Limits) -> None:
        self._check, self._limits = check, limits
        self._counts: OrderedDict[bytes, _Count] = OrderedDict()
        self._key = secrets.token_bytes(16)

    async def sign_in(self, presented: Credentials, source: str) -> tuple[Reply, SignedIn | None]:
        """The reply, and whom it lets in. A wrong try is answered after its delay; a store that is away makes it 454."""
        limits, network = self._limits, _network_of(source)
        everybody = self._count(network)
        if self._is_locked(everybody, limits.wrong_from_network):
            return wording.sign_in_locked(limits), None
        account = self._count(f"{network} {presented.name.lower()}")
        async with account.turn:
            if self._is_locked(account, limits.wrong_sign_ins) or self._is_locked(everybody, limits.wrong_from_network):
                return wording.sign_in_locked(limits), None
            try:
                found = await self._check(presented)
            except StoreError:
                return wording.SIGN_IN_LATER, None
            if found:
                account.wrong = 0
                return wording.SIGNED_IN, found
            for count in (account, everybody):
                count.wrong += 1
                count.last_at = _now()
            delay = min(_FIRST_DELAY * 2 ** (account.wrong - 1), limits.sign_in_delay)
        await asyncio.sleep(delay)
        return wording.NOT_SIGNED_IN, None

    def _is_locked(self, count: _Count, maximum: int) -> bool:
        """Whether it was wrong too often. What was wrong is forgotten after so long without another wrong try."""
        if _now() - count.last_at > self._limits.sign_in_lock:
            count.wrong = 0
        return count.wrong >= maximum

    def _count(self, name: str) -> _Count:
        digest = hashlib.blake2b(name.encode("utf-8", "replace"), key=self._key, digest_size=16).digest()
        found = self._counts.setdefault(digest, _Count())
        self._counts.move_to_end(digest)
        while len(self._counts) > self._limits.sign_ins_remembered:
            self._counts.popitem(last=False)
        return found


def _now() -> float:
    return asyncio.get_running_loop().time()


def _network_of(source: str) -> str:
    """An IPv4 address, or the network that an IPv6 address lies in."""
    try:
        address = ip_address(source.partition("%")[0])
    except ValueError:
        return source
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or int(address) >> (128 - _NETWORK_BITS))
    return str(address)
