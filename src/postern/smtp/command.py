"""The grammar of commands (RFC 5321 4.1): a line becomes a command, an argument becomes a path, or a refusal says why not.

It refuses all that the grammar does not list, with two kindnesses to programs in the field: spaces after ``FROM:`` and ``TO:``,
and a client name that is any printable word. It keeps no state and knows nothing of order.
"""

import re
from dataclasses import dataclass
from ipaddress import IPv4Address, IPv6Address

from postern.model.address import PATH_MAXIMUM, is_domain
from postern.model.limits import Limits
from postern.smtp import wording
from postern.smtp.reply import Reply

_CLIENT_NAME = re.compile(r"[!-~]{1,255}")
_PATH = re.compile(
    r"""
    <
    (?: @[A-Za-z0-9.-]+ (?: ,@[A-Za-z0-9.-]+ )* : )?    # a source route: known, and ignored (RFC 5321 4.1.1.3, appendix C)
    (?P<mailbox>
        (?: [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+ (?: \. [A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+ )*    # Dot-string
          | " (?: [ !#-\[\]-~] | \\[ -~] )* "                                            # Quoted-string
        )
        @ (?P<host> [A-Za-z0-9.-]+ | \[ [A-Za-z0-9.:]+ \] )
    )
    > (?=[ ]|\Z)
    """,
    re.VERBOSE,
)
_NULL_PATH = re.compile(r"<(?P<mailbox>)>(?= |\Z)")  # RFC 5321 4.5.5
_POSTMASTER = re.compile(r"<(?P<mailbox>postmaster)>(?= |\Z)", re.IGNORECASE)  # RFC 5321 4.1.1.3
_FROM = re.compile(r"FROM: *", re.IGNORECASE)  # RFC 5321 3.3 wants no space, and enough programs send one
_TO = re.compile(r"TO: *", re.IGNORECASE)
_PARAMETER = re.compile(r"(?P<keyword>[A-Za-z0-9][A-Za-z0-9-]*)(?:=(?P<value>[!-<>-~]+))?")
_AUTH_VALUE = re.compile(r"<>|(?:[!-*,-<>-~]|\+[0-9A-F]{2}){1,500}")  # RFC 4954 5, xtext of RFC 3461 4
_SIZE = re.compile(r"[0-9]{1,20}")  # RFC 1870 3


@dataclass(frozen=True, slots=True)
class Command:
    """A line of the right shape: ``verb`` in upper case, ``argument`` as typed; whether they mean anything is not said."""

    verb: str
    argument: str


def read_command(line: bytes) -> Command | Reply:
    """Divide a line into verb and argument (RFC 5321 4.1.1: no regard to case, white space at the end is ignored)."""
    text = line.rstrip(b" \t").decode("latin-1")
    verb, _, argument = text.partition(" ")
    if not text.isascii():
        return wording.NON_ASCII_ADDRESS if verb.upper() in {"MAIL", "RCPT"} else wording.NOT_ASCII
    if not text.isprintable():
        return wording.CONTROL_CHARACTER
    return Command(verb.upper(), argument.strip(" "))


def read_client_name(argument: str) -> str | Reply:
    """The name after EHLO or HELO: a domain, a literal such as ``[192.0.2.7]``, or whatever word the client takes for one.

    It is a claim, and RFC 5321 4.1.4 forbids refusing mail because it is not true.
    """
    return argument if _CLIENT_NAME.fullmatch(argument) else wording.NAME_EXPECTED


def read_mail(argument: str, limits: Limits, *, signs_in: bool = False) -> str | Reply:
    """The reverse path of ``FROM:<...>`` without its brackets, empty for the null sender (RFC 5321 4.1.1.2). Where clients sign
    in, it may have AUTH=, which is read and believed of nobody (RFC 4954 5).
    """
    start = _FROM.match(argument)
    if not start:
        return wording.MAIL_SYNTAX
    path = _NULL_PATH.match(argument, start.end()) or _match_path(argument, start.end())
    if not path:
        return wording.SENDER_SYNTAX
    return _parameter_refusal(argument[path.end() :], limits, signs_in=signs_in) or path["mailbox"]


def read_rcpt(argument: str) -> str | Reply:
    """The recipient of ``TO:<...>`` without its brackets; ``postmaster`` may stand without a domain (RFC 5321 4.1.1.3)."""
    start = _TO.match(argument)
    if not start:
        return wording.RCPT_SYNTAX
    path = _POSTMASTER.match(argument, start.end()) or _match_path(argument, start.end())
    if not path:
        return wording.RECIPIENT_SYNTAX
    if path.end() < len(argument):
        return wording.PARAMETER_UNKNOWN  # RFC 5321 4.1.1.11: no extension here has one for RCPT
    return path["mailbox"]


def _match_path(argument: str, start: int) -> re.Match[str] | None:
    path = _PATH.match(argument, start)
    if not path or len(path["mailbox"]) > PATH_MAXIMUM:
        return None
    return path if is_domain(path["host"]) or _is_address_literal(path["host"]) else None


def _is_address_literal(host: str) -> bool:
    """Whether this is ``[192.0.2.7]`` or ``[IPv6:2001:db8::7]`` (RFC 5321 4.1.3; no other kind has ever been registered)."""
    if not (host.startswith("[") and host.endswith("]")):
        return False
    tag, number = host[1:6].upper(), host[6:-1]
    try:
        address = IPv6Address(number) if tag == "IPV6:" else IPv4Address(host[1:-1])
    except ValueError:
        return False
    return bool(address.exploded)


def _parameter_refusal(parameters: str, limits: Limits, *, signs_in: bool) -> Reply | None:
    """The refusal of the first parameter of MAIL that cannot be had; None where all can."""
    seen: set[str] = set()
    for parameter in parameters.split():
        match = _PARAMETER.fullmatch(parameter)
        if not match:
            return wording.MAIL_SYNTAX
        keyword = match["keyword"].upper()
        if keyword in seen:
            return wording.PARAMETER_REPEATED
        seen.add(keyword)
        if keyword == "AUTH" and signs_in:
            refusal = None if _AUTH_VALUE.fullmatch(match["value"] or "") else wording.AUTH_PARAMETER
        else:
            refusal = _one_parameter_refusal(keyword, match["value"] or "", limits)
        if refusal:
            return refusal
    return None


def _one_parameter_refusal(keyword: str, value: str, limits: Limits) -> Reply | None:
    match keyword:
        case "SIZE" if not _SIZE.fullmatch(value):
            return wording.SIZE_SYNTAX
        case "SIZE":
            return wording.too_large(limits) if int(value) > limits.message_size else None  # RFC 1870 6.1
        case "BODY" if value.upper() in {"7BIT", "8BITMIME"}:  # RFC 6152 2
            return None
        case "SMTPUTF8":
            return wording.UTF8_NOT_OFFERED
        case _:
            return wording.PARAMETER_UNKNOWN
