"""The grammar of an SPF record (RFC 7208 12). It refuses a record with one wrong term as a whole (RFC 7208 4.6)."""

import re
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Network, IPv6Network

from postern.model.authentication import Result

_VERSION = "v=spf1"
_QUALIFIERS = {"+": Result.PASS, "-": Result.FAIL, "~": Result.SOFTFAIL, "?": Result.NEUTRAL}
_MODIFIER = re.compile(r"([A-Za-z][A-Za-z0-9_.-]*)=(.*)", re.DOTALL)
_DIRECTIVE = re.compile(r"([-+?~]?)([A-Za-z0-9_.-]+)(?::([^/].*?|))?(/(?:0|[1-9][0-9]?))?(//(?:0|[1-9][0-9]{0,2}))?", re.DOTALL)
_MACRO = re.compile(r"%\{([slodiphcrtvSLODIPHCRTV])([0-9]*)(r?)([-.+,/_=]*)\}|%[%_-]|[!-$&-~]", re.IGNORECASE)
_TOP_LABEL = re.compile(r"(?=[0-9-]*[A-Za-z-])[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?")
_IN_EXPLANATIONS_ALONE = frozenset("crt")  # RFC 7208 7.2
_WITH_DOMAIN = {"include", "exists"}
_WITH_PREFIX = {"a", "mx"}
_NETWORKS: dict[str, type[IPv4Network] | type[IPv6Network]] = {"ip4": IPv4Network, "ip6": IPv6Network}
_KEPT_RECORDS = 500


class RecordError(Exception):
    """The record is not written as RFC 7208 asks."""


@dataclass(frozen=True, slots=True)
class Directive:
    """One mechanism with what follows if it matches. ``domain`` is not expanded yet, and empty for the domain at hand."""

    result: Result
    mechanism: str
    domain: str = ""
    prefix4: int = 32
    prefix6: int = 128
    network: IPv4Network | IPv6Network | None = None


@dataclass(frozen=True, slots=True)
class Record:
    """The directives in order, and where to look on if none matches."""

    directives: tuple[Directive, ...]
    redirect: str = ""


def is_spf(text: str) -> bool:
    """Whether a TXT record is one of SPF's (RFC 7208 4.5)."""
    return text[: len(_VERSION)].lower() == _VERSION and text[len(_VERSION) :][:1] in {"", " "}


@lru_cache(_KEPT_RECORDS)
def read_record(text: str) -> Record:
    """The whole record, checked before any of it is used. Raises RecordError."""
    directives: list[Directive] = []
    modifiers: dict[str, str] = {}
    for term in text[len(_VERSION) :].split(" "):
        if not term:
            continue
        if modifier := _MODIFIER.fullmatch(term):
            _take_modifier(modifiers, modifier[1].lower(), modifier[2])
        else:
            directives.append(_directive(term))
    return Record(tuple(directives), modifiers.get("redirect", ""))


def _take_modifier(modifiers: dict[str, str], name: str, value: str) -> None:
    if name not in {"redirect", "exp"}:
        _require_macro_string(value)  # unknown ones are ignored (RFC 7208 6), but must be well-formed
        return
    if name in modifiers:
        raise RecordError("a modifier is given twice")  # RFC 7208 6
    _require_domain_spec(value)
    modifiers[name] = value


def _directive(term: str) -> Directive:
    match = _DIRECTIVE.fullmatch(term)
    name = match[2].lower() if match else ""
    result = _QUALIFIERS[match[1] or "+"] if match else Result.NONE
    if name in _NETWORKS:
        return Directive(result, name, network=_network(name, term))
    if match is None:
        raise RecordError("a term is no directive")
    domain, has_prefix = match[3], bool(match[4] or match[5])
    if domain is not None and name != "all":
        _require_domain_spec(domain)
    if name in _WITH_PREFIX:
        prefix4, prefix6 = int((match[4] or "/32")[1:]), int((match[5] or "//128")[2:])
        if prefix4 > 32 or prefix6 > 128:  # noqa: PLR2004 - bits of an address
            raise RecordError("a prefix is too long")
        return Directive(result, name, domain or "", prefix4, prefix6)
    takes_domain = name in _WITH_DOMAIN
    if has_prefix or not (takes_domain or name in {"all", "ptr"}) or (takes_domain and not domain):
        raise RecordError("a mechanism is unknown, or lacks its domain")
    if name == "all" and domain is not None:
        raise RecordError("all takes no domain")
    return Directive(result, name, domain or "")


def _network(name: str, term: str) -> IPv4Network | IPv6Network:
    text = term.partition(":")[2]
    prefix = text.partition("/")[2]
    if "/" in text and not re.fullmatch(r"0|[1-9][0-9]{0,2}", prefix):
        raise RecordError("a prefix is no number")
    try:
        return _NETWORKS[name](text, strict=False)
    except ValueError:
        raise RecordError("no network") from None


def _require_macro_string(text: str) -> list[re.Match[str]]:
    """The pieces of a macro-string, in order (RFC 7208 7.1)."""
    pieces, position = [], 0
    while position < len(text):
        piece = _MACRO.match(text, position)
        if not piece:
            raise RecordError("a macro is not written as RFC 7208 7.1 asks")
        pieces.append(piece)
        position = piece.end()
    return pieces


def _require_domain_spec(text: str) -> None:
    """RFC 7208 7.1: it ends with a top label, or with a macro."""
    pieces = _require_macro_string(text)
    if any(piece[1] and piece[1].lower() in _IN_EXPLANATIONS_ALONE for piece in pieces):
        raise RecordError("a macro for explanations stands elsewhere")
    if pieces and pieces[-1][0].startswith("%"):
        return
    before, dot, top = text.removesuffix(".").rpartition(".")
    if not (before or dot) or "}" in top or not _TOP_LABEL.fullmatch(top):
        raise RecordError("a domain has no top label")


@dataclass(frozen=True, slots=True)
class MacroValues:
    """What the letters of RFC 7208 7.2 stand for. ``p`` must be looked up, so it is given only where a text asks for it."""

    sender: str
    local_part: str
    sender_domain: str
    domain: str
    address: str  # as macro i writes it
    family: str  # in-addr or ip6
    hello: str
    validated_name: str = "unknown"

    def of(self, letter: str) -> str:
        values = {
            "s": self.sender, "l": self.local_part, "o": self.sender_domain, "d": self.domain,
            "i": self.address, "v": self.family, "h": self.hello, "p": self.validated_name,
        }  # fmt: skip
        return values[letter]


def asks_for_validated_name(text: str) -> bool:
    """Whether macro p stands in it."""
    return "%{p" in text.lower()


def expand(text: str, values: MacroValues) -> str:
    """A domain-spec with its macros filled in (RFC 7208 7.3), cut from the left where it is too long. Raises RecordError."""
    expanded = "".join(_expand_piece(piece, values) for piece in _require_macro_string(text)).removesuffix(".")
    while len(expanded) > 253 and "." in expanded:  # noqa: PLR2004 - RFC 7208 7.3
        expanded = expanded.partition(".")[2]
    return expanded


def _expand_piece(piece: re.Match[str], values: MacroValues) -> str:
    if not piece[1]:
        return {"%%": "%", "%_": " ", "%-": "%20"}.get(piece[0], piece[0])
    letter, digits, is_reversed, delimiters = piece.groups()
    parts = re.split(f"[{re.escape(delimiters or '.')}]", values.of(letter.lower()))
    if is_reversed:
        parts.reverse()
    if digits:
        if not int(digits[:9]):
            raise RecordError("a macro keeps no part")
        parts = parts[-int(digits[:9]) :]
    text = ".".join(parts)
    return _escape(text) if letter.isupper() else text


def _escape(text: str) -> str:
    """RFC 7208 7.3: all but unreserved characters (RFC 3986 2.3)."""
    return "".join(one if one.isalnum() or one in "-._~" else "".join(f"%{octet:02X}" for octet in one.encode()) for one in text)
