"""MTA-STS as a domain writes it (RFC 8461 3): the TXT record that tells of a policy, and the policy.

Whoever demands that mail to a domain be encrypted must not be misread, so both are read by their grammar. What does not
follow it is no record and no policy; nothing is guessed and nothing fetched here.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum

from postern.model.address import is_domain
from postern.model.limits import Limits

LONGEST_LIFE = 31_557_600  # RFC 8461 3.2: a year
OWN_LIFE = 604_800  # a week: what RFC 8461 3.2 calls a good beginning

_RECORD = re.compile(r"v=STSv1[ \t]*;(?P<fields>.*)", re.DOTALL)
_RECORD_FIELD = re.compile(r"(?P<name>[A-Za-z0-9][A-Za-z0-9_.-]{0,31})=(?P<value>[!-:<>-~]+)")
_RECORD_ID = re.compile(r"[A-Za-z0-9]{1,32}")
_LINE = re.compile(
    r"(?P<name>[A-Za-z0-9][A-Za-z0-9_.-]{0,31}):[ \t]*(?P<value>[^\x00-\x20\x7f](?:[^\x00-\x1f\x7f]*[^\x00-\x20\x7f])?)[ \t]*"
)
_SECONDS = re.compile(r"[0-9]{1,10}")
_ANY_LABEL = "*."


class Mode(StrEnum):
    """What a domain wants done with a host that does not keep its policy: not use it, use it all the same, or nothing at all."""

    ENFORCE = "enforce"
    TESTING = "testing"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class Policy:
    """``hosts`` in lower case; one may begin with ``*.``, for exactly one label (RFC 8461 4.1)."""

    mode: Mode
    max_age: int  # seconds
    hosts: frozenset[str] = field(repr=False)

    def allows(self, host: str) -> bool:
        """Whether the domain names this host as one of its own."""
        name = host.lower()
        return name in self.hosts or _ANY_LABEL + name.partition(".")[2] in self.hosts


def spell_policy(mode: str, host: str) -> str:
    """Our own, for a domain whose mail comes to this host alone (RFC 8461 3.2); empty where there is none."""
    lines = ("version: STSv1", f"mode: {mode}", f"mx: {host}", f"max_age: {OWN_LIFE}")
    return "" if mode == Mode.NONE else "".join(f"{line}\r\n" for line in lines)


def read_record(texts: Iterable[str]) -> str | None:
    """The id in the one record there is (RFC 8461 3.1); None where there is none, or more than one."""
    records = [found["fields"] for text in texts if (found := _RECORD.fullmatch(text))]
    if len(records) != 1:
        return None
    written = [part.strip(" \t") for part in records[0].split(";")]
    fields = [_RECORD_FIELD.fullmatch(part) for part in (written if written[-1] else written[:-1])]
    ids = [found["value"] for found in fields if found and found["name"] == "id"]
    is_proper = all(fields) and len(ids) == 1 and _RECORD_ID.fullmatch(ids[0])
    return ids[0] if is_proper else None


def read_policy(octets: bytes, limits: Limits) -> Policy | None:
    """The policy (RFC 8461 3.2); None where this is none."""
    try:
        text = octets.decode("utf-8")
    except UnicodeDecodeError:
        return None
    lines = text.removesuffix("\n").removesuffix("\r").split("\n")
    fields = [_LINE.fullmatch(line.removesuffix("\r")) for line in lines]
    if not all(fields):
        return None
    pairs = [(found["name"], found["value"]) for found in fields if found]
    first = dict(reversed(pairs))  # of a field that is repeated, the first counts
    hosts = frozenset(value.lower() for name, value in pairs if name == "mx")
    is_proper = (
        first.get("version") == "STSv1" and first.get("mode") in set(Mode) and _SECONDS.fullmatch(first.get("max_age", ""))
    )
    if not is_proper or len(hosts) > limits.sts_hosts or not all(is_domain(host.removeprefix(_ANY_LABEL)) for host in hosts):
        return None
    mode = Mode(first["mode"])
    return Policy(mode, min(int(first["max_age"]), LONGEST_LIFE), hosts) if hosts or mode is Mode.NONE else None
