"""Why it failed: a status code out of what a server said, by its code, else by its phrases. Lists, and two look-ups in them.

Only a code of our own table comes out, never a word of what was read. Text comes folded: one space between words, no capitals.
"""

import re
from collections.abc import Iterator

from postern.model.enhanced_status import known_status, says_nothing

# "550 5.1.1", "550-5.1.1", "#5.1.1", "5.1.1"; neither a piece of an IP address nor of a version number.
_CODE = re.compile(r"(?<![\d.])[245]\.[0-7]\.\d{1,3}(?!\.?\d)")
_BEHIND_REPLY = re.compile(r"(?<!\d)[45]\d\d[ -]#?([245]\.[0-7]\.\d{1,3})(?!\.?\d)")
_REPLY = re.compile(r"(?<![\d.])(?:4[25]|5[05])\d(?=[ -])")
_CODES_READ = 20  # of one text

# The first list with a phrase that stands in the text decides: what is said of a mailbox goes before what is said of a mail.
_PHRASES = (
    (
        "2.2",
        (
            *("mailbox full", "mailbox is full", "mailbox has exceeded", "mailbox size limit", "mailbox quota", "over quota"),
            *("quota exceeded", "exceeded its quota", "exceeded storage", "storage allocation", "out of storage", "quota full"),
            *("exceeds allowed quota", "insufficient storage", "inbox is full", "mailfolder is full", "over the maximum"),
            *("not enough storage", "user is over", "disk quota", "overquota", "exceeded his/her quota", "postfach ist voll"),
            *("speicherplatz", "boîte aux lettres pleine", "boite pleine", "buzón lleno", "casella piena"),
        ),
    ),
    (
        "2.1",
        (
            *("account disabled", "account is disabled", "account has been disabled", "account inactive", "account is inactive"),
            *("disabled or discontinued", "mailbox disabled", "mailbox is disabled", "mailbox is inactive", "user is inactive"),
            *("account suspended", "account is suspended", "has been suspended", "no longer active", "is not active"),
            *(
                "account closed",
                "account has been closed",
                "account expired",
                "recipient disabled",
                "mailbox unavailable or not local",
            ),
            *("account that you tried to reach is disabled", "inactive user", "deactivated", "temporarily disabled mailbox"),
        ),
    ),
    (
        "1.1",
        (
            *("user unknown", "unknown user", "no such user", "no such mailbox", "no such recipient", "no such address"),
            *(
                "does not exist",
                "doesn't exist",
                "user not found",
                "recipient not found",
                "mailbox not found",
                "unknown recipient",
            ),
            *("recipient unknown", "unknown e-mail address", "unknown address", "unknown local part", "unknown mailbox"),
            *(
                "invalid recipient",
                "invalid mailbox",
                "invalid address",
                "invalid user",
                "not a valid mailbox",
                "not a valid user",
            ),
            *(
                "no mailbox here by that name",
                "no mailbox by that name",
                "mailbox not available",
                "no such account",
                "no such person",
            ),
            *(
                "not listed in domino directory",
                "not listed in public name",
                "recipnotfound",
                "recipientnotfound",
                "not our customer",
            ),
            *(
                "doesn't have a",
                "no valid recipients",
                "address not present",
                "user doesn't",
                "unrouteable address",
                "bad address",
            ),
            *("adresse existiert nicht", "empfänger unbekannt", "unbekannter empfänger", "destinataire inconnu", "no existe"),
            *("utente sconosciuto", "n'existe pas", "адрес не существует", "用户不存在"),
        ),
    ),
    (
        "1.2",
        (
            *("host unknown", "unknown host", "domain not found", "host not found", "name service error", "no such domain"),
            *("domain name not found", "couldn't find any host", "could not find any host", "bad destination host", "nullmx"),
            *(
                "does not accept mail (nullmx)",
                "domain does not",
                "no mx record",
                "unknown domain",
                "domain unknown",
                "non-existent domain",
            ),
        ),
    ),
    (
        "3.4",
        (
            *("message too large", "message size exceeds", "message exceeds", "too big", "message is too large", "size limit"),
            *("exceeds the maximum", "nachricht ist zu gro"),
        ),
    ),
    ("4.6", ("too many hops", "mail loop", "loop detected", "loops back", "routing loop", "hop count exceeded")),
    (
        "7.1",
        (
            *(
                "spam",
                "blacklist",
                "blocklist",
                "blocked",
                "blackhole",
                "policy",
                "not authorized",
                "not permitted",
                "prohibited",
            ),
            *("access denied", "relay access", "relaying denied", "unable to relay", "permission denied", "reputation"),
            *(
                "content rejected",
                "message rejected",
                "rejected due to",
                "dmarc",
                "listed in",
                "listed by",
                "virus",
                "not allowed",
            ),
            *("abgelehnt", "refusé"),
        ),
    ),
    (
        "4.7",
        (
            *(
                "retry timeout exceeded",
                "retry time",
                "too long in the queue",
                "delivery time expired",
                "expired",
                "giving up on",
            ),
            *("will be deleted from queue", "been in the queue too long", "been on the queue", "could not be delivered for"),
            *("unable to deliver it for", "i'm not going to try again"),
        ),
    ),
    ("4.1", ("connection timed out", "connection refused", "operation timed out", "timed out", "no answer", "unreachable")),
)


def status_in(words: str, class_of: str) -> str:
    """The most telling code in this text, with this class (``5``) where only a phrase tells; empty where nothing does."""
    codes = [code for code in _codes_in(words) if not code.startswith("2")]
    telling = next((code for code in codes if not says_nothing(code)), "")
    if telling:
        return telling
    by_phrase = next((kind for kind, phrases in _PHRASES if any(phrase in words for phrase in phrases)), "")
    return f"{class_of}.{by_phrase}" if by_phrase else next(iter(codes), "")


def holds_refusal(words: str) -> bool:
    """Whether a server's refusal stands in this text: an enhanced code, or the reply to a command."""
    return any(not code.startswith("2") for code in _codes_in(words)) or _REPLY.search(words) is not None


def _codes_in(words: str) -> Iterator[str]:
    """Those behind a reply first: others may stand in what people wrote."""
    behind = (found[1] for found in _BEHIND_REPLY.finditer(words))
    alone = (found[0] for found in _CODE.finditer(words))
    for codes in (behind, alone):
        for _, code in zip(range(_CODES_READ), codes, strict=False):
            if known := known_status(code):
                yield known
