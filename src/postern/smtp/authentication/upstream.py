"""Takes the word of one server in front: its Authentication-Results (RFC 8601), and nobody else's.

A field counts only if the mail came from that server's address, if it bears exactly that server's name, stands where that server
puts it (above the Received fields of those before it) and is written as RFC 8601 asks. RFC 8601 5 has the server in front take
out fields of its name that came with a mail. Should one slip through, a method that two fields tell of counts for nothing.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network, ip_address

from postern.model.authentication import Aligned, Authentication, Check, Mode, Result
from postern.model.envelope import Mail
from postern.model.limits import Limits
from postern.smtp.authentication.head import Head, RawField, read_head, split_mail

_FIELD, _TRACE = b"authentication-results", b"received"
_OUTSIDE = re.compile(r'"(?:[^"\\]|\\.)*+"|[(;]|[^"();\\]+', re.DOTALL)
_IN_COMMENT = re.compile(r"\\.|[()]|[^()\\]+", re.DOTALL)
_BEGINNING = re.compile(r"\s*(?P<name>[A-Za-z0-9._-]+|\"[^\"\\]+\")(?:\s+(?P<version>[0-9]+))?\s*")
_ASSIGNMENT = re.compile(r'\s*([A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)?)(?:\s*/\s*1)?\s*=\s*("(?:[^"\\]|\\.)*+"|[^\s;"]+)\s*')
_DOMAINS = {"dmarc": ("header.from",), "dkim": ("header.d", "header.i"), "spf": ("smtp.mailfrom", "smtp.helo")}


@dataclass(frozen=True, slots=True)
class Front:
    """The server in front: the name in its fields, and where it connects from."""

    name: str
    networks: tuple[IPv4Network | IPv6Network, ...]

    def sends(self, address: str) -> bool:
        try:
            client = ip_address(address)
        except ValueError:
            return False
        return any(client in network for network in self.networks)


def take_word(mail: Mail, front: Front, limits: Limits) -> Authentication:
    """What the server in front found."""
    head = read_head(split_mail(mail.content)[0], limits)
    if head.author is None or not head.is_plain:
        return Authentication(Mode.UPSTREAM)
    domain = head.author.domain
    if not front.sends(mail.client.address):
        stranger = Check("upstream", Result.PERMERROR, note="it did not come from the server in front")
        return Authentication(Mode.UPSTREAM, domain, (stranger,))
    told = [tuple(_read_field(one, front.name, domain)) for one in _fields_in_place(head)]
    return Authentication(Mode.UPSTREAM, domain, _agreed(told))


def _fields_in_place(head: Head) -> Iterator[RawField]:
    """Those above the second Received field: what stands below it came with the mail."""
    traces = 0
    for one in head.fields:
        traces += one.name == _TRACE
        if traces > 1:
            return
        if one.name == _FIELD:
            yield one


def _read_field(raw: RawField, name: str, author_domain: str) -> Iterator[Check]:
    """The results of a field of this name; none of any other, and none behind what is not well-formed. Only the very domain in
    From is aligned: for what is of its house otherwise, the server in front says dmarc=pass.
    """
    parts = _split(raw.value.decode("latin-1"))
    beginning = _BEGINNING.fullmatch(parts[0]) if parts else None
    if not beginning or beginning["name"].strip('"').lower() != name.lower() or beginning["version"] not in {None, "1"}:
        return
    for part in parts[1:]:
        assignments = _read_part(part)
        if assignments is None:
            return
        method, result = assignments[0]
        properties = dict(reversed(assignments[1:]))  # of a property that is told twice, the first
        if method in _DOMAINS and result in set(Result):
            domain = _domain_of(properties, _DOMAINS[method])
            yield Check(method, Result(result), Aligned.YES if domain == author_domain else Aligned.NO, domain)


def _split(text: str) -> list[str]:
    """The parts between semicolons, without comments; nothing where quotes or comments do not close (RFC 5322 3.2.2)."""
    parts, depth, position = [""], 0, 0
    while position < len(text):
        match = (_IN_COMMENT if depth else _OUTSIDE).match(text, position)
        if not match:
            return []
        position = match.end()
        match match[0]:
            case "(":
                depth += 1
                parts[-1] += " "
            case ")":
                depth -= 1
            case ";" if not depth:
                parts.append("")
            case piece if not depth:
                parts[-1] += piece
            case _:
                pass
    return [] if depth else parts


def _read_part(part: str) -> list[tuple[str, str]] | None:
    """``method=result`` and what follows, in order; None where it is written otherwise."""
    found, position = [], 0
    while position < len(part):
        match = _ASSIGNMENT.match(part, position)
        if not match:
            return None
        found.append((match[1].lower(), match[2].strip('"').lower()))
        position = match.end()
    return found or None


def _domain_of(properties: dict[str, str], names: tuple[str, ...]) -> str:
    value = next((properties[name] for name in names if name in properties), "")
    return value.rpartition("@")[2]


def _agreed(told: list[tuple[Check, ...]]) -> tuple[Check, ...]:
    """All of it, less what contradicts itself."""
    fields = Counter(method for checks in told for method in {one.method for one in checks})
    every = tuple(one for checks in told for one in checks)
    fails = any(one.method == "dmarc" and one.aligned is Aligned.YES and one.result is Result.FAIL for one in every)
    return tuple(_doubted(one, fields[one.method], fails=fails) for one in every)


def _doubted(check: Check, fields: int, *, fails: bool) -> Check:
    if fields > 1:
        return replace(check, result=Result.POLICY, note="two fields tell of it")
    if fails and check.result is Result.PASS:
        return replace(check, result=Result.POLICY, note="dmarc fails")
    return check
