"""Fetches a domain's MTA-STS policy: one GET over HTTPS, with a certificate valid for the name, and nothing more (RFC 8461 3.3).

The other side is whoever the domain's DNS names, so: only a public address is connected to, the one that was checked; no
redirect is followed; head, body and time have their maxima. It reads no policy, and tells a failure by None and in no other
way.
"""

import asyncio
import contextlib

import h11

from postern.model.limits import Limits
from postern.smtp.encryption import verified_tls
from postern.smtp.outside import Outside
from postern.smtp.resolver import Resolver
from postern.smtp.unanswered import Unanswered

_TARGET = "/.well-known/mta-sts.txt"
_MEDIA_TYPE = b"text/plain"  # RFC 8461 3.2: so that not everybody who may put a file on a host can make its policy
_FOUND = 200
_AT_ONCE = 16_000  # octets
_HEAD = 16_000  # octets of status line and header, and of all that is neither head nor body


async def fetch_policy(domain: str, resolver: Resolver, outside: Outside, limits: Limits) -> bytes | None:
    """What lies at the domain's well-known place, as it lies there."""
    host = f"mta-sts.{domain}"
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(limits.sts_seconds):
            found = await resolver.addresses(host)
            addresses = () if isinstance(found, Unanswered) else outside.reachable(found)[: limits.mx_addresses]
            for address in addresses:
                with contextlib.suppress(OSError, ValueError, h11.ProtocolError):  # TimeoutError and ssl.SSLError are OSErrors
                    async with asyncio.timeout(limits.sts_seconds / 2):  # so that there is time left for another
                        return await _get(address, host, outside, limits)
    return None


async def _get(address: str, host: str, outside: Outside, limits: Limits) -> bytes | None:
    tls = verified_tls(outside.authorities)
    reader, writer = await asyncio.open_connection(address, outside.https_port, ssl=tls, server_hostname=host)
    try:
        connection = h11.Connection(h11.CLIENT, max_incomplete_event_size=_HEAD)
        request = h11.Request(
            method="GET", target=_TARGET, headers=[("Host", host), ("Accept", "text/plain"), ("Connection", "close")]
        )
        writer.write((connection.send(request) or b"") + (connection.send(h11.EndOfMessage()) or b""))
        return await _read_answer(connection, reader, limits)
    finally:
        writer.transport.abort()


async def _read_answer(connection: h11.Connection, reader: asyncio.StreamReader, limits: Limits) -> bytes | None:
    body, left = b"", limits.sts_policy + _HEAD
    while left > 0:
        event = connection.next_event()
        if event is h11.NEED_DATA:
            octets = await reader.read(_AT_ONCE)
            left -= len(octets)
            connection.receive_data(octets)
        elif isinstance(event, h11.Response):
            if event.status_code != _FOUND or not _is_plain_text(event):
                return None
        elif isinstance(event, h11.Data):
            body += event.data
        elif isinstance(event, h11.EndOfMessage):
            return body if len(body) <= limits.sts_policy else None
        elif not isinstance(event, h11.InformationalResponse):
            return None
    return None


def _is_plain_text(response: h11.Response) -> bool:
    types = [value for name, value in response.headers if name == b"content-type"]
    return len(types) == 1 and types[0].partition(b";")[0].strip().lower() == _MEDIA_TYPE
