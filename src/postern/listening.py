"""``host:port``, as settings name a door: what it says, and whether only this machine reaches it."""

import ipaddress

from postern.errors import ConfigurationError


def is_loopback(listen: str) -> bool:
    """Whether this ``host:port`` can be reached from this machine only."""
    host, _ = split_listen(listen)
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def split_listen(listen: str) -> tuple[str, int]:
    """Host and port of ``host:port`` or ``[v6]:port``. Raises ConfigurationError."""
    host, colon, port = listen.rpartition(":")
    if not colon or not host or not port.isdecimal() or int(port) > 65_535:  # noqa: PLR2004 - the largest port
        raise ConfigurationError(f"{listen!r} is not an address with a port, such as 127.0.0.1:2525")
    return host.strip("[]"), int(port)


def read_socket(text: str) -> tuple[str, str, int] | None:
    """Where another program listens: the whole path of its socket, or host and port; None where it does not. Raises ValueError:
    nothing is guessed.
    """
    if not text:
        return None
    if text.startswith("/"):
        return text, "", 0
    try:
        return "", *split_listen(text)
    except ConfigurationError:
        raise ValueError("must be the whole path of a socket, or HOST:PORT") from None
