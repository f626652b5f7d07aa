"""The status codes of mail servers on one page, and which of them say that an address takes no mail for good.

Source: RFC 3463 3, with the codes that RFC 3886, 4468, 4865, 4954, 5248, 6531, 6710, 7293, 7372 and 7505 added to its registry. A
code is class.subject.detail; the table holds subject and detail. *Hard* is what says, for this address, that trying again is no
use: there is no such mailbox or house, it moved away, it is switched off, somebody else has it now. Everything else is *soft*: a
full mailbox, a server in trouble, a mail that was too large, a policy, a judgement of what is spam. A code that is not in the
table stands for nothing: whoever passes codes on passes one of these.
"""

import re
from collections.abc import Mapping

HARD, SOFT = True, False
UNKNOWN = "0.0"

KNOWN: Mapping[str, tuple[bool, str]] = {
    UNKNOWN: (SOFT, "no cause given"),
    # 1: the address
    "1.0": (SOFT, "something about the address"),
    "1.1": (HARD, "no such mailbox"),
    "1.2": (HARD, "no such mail domain"),
    "1.3": (HARD, "no address by its spelling"),
    "1.4": (SOFT, "the address means several mailboxes"),
    "1.5": (SOFT, "the address is valid"),
    "1.6": (HARD, "the mailbox has moved away"),
    "1.7": (SOFT, "the sender's address by its spelling"),
    "1.8": (SOFT, "the sender's mail domain"),
    "1.9": (SOFT, "passed on to a server that reports nothing"),
    "1.10": (HARD, "the domain takes no mail"),
    # 2: the mailbox
    "2.0": (SOFT, "something about the mailbox"),
    "2.1": (HARD, "the mailbox is switched off"),
    "2.2": (SOFT, "the mailbox is full"),
    "2.3": (SOFT, "the mail is too large for the mailbox"),
    "2.4": (SOFT, "a list could not be expanded"),
    # 3: the server
    "3.0": (SOFT, "something about the server"),
    "3.1": (SOFT, "the server is full"),
    "3.2": (SOFT, "the server takes no mail now"),
    "3.3": (SOFT, "the server lacks something that the mail needs"),
    "3.4": (SOFT, "the mail is too large for the server"),
    "3.5": (SOFT, "the server is set up wrongly"),
    "3.6": (SOFT, "the priority was changed"),
    # 4: the way there
    "4.0": (SOFT, "something about the way there"),
    "4.1": (SOFT, "no answer from the server"),
    "4.2": (SOFT, "the connection broke"),
    "4.3": (SOFT, "a directory did not answer"),
    "4.4": (SOFT, "no way to the server is known"),
    "4.5": (SOFT, "the server has too much to do"),
    "4.6": (SOFT, "the mail went in a circle"),
    "4.7": (SOFT, "it was tried for too long"),
    # 5: the protocol
    "5.0": (SOFT, "something about the protocol"),
    "5.1": (SOFT, "a command was not allowed"),
    "5.2": (SOFT, "a command was not understood"),
    "5.3": (SOFT, "too many recipients"),
    "5.4": (SOFT, "an argument was not understood"),
    "5.5": (SOFT, "another version of the protocol"),
    "5.6": (SOFT, "a line was too long"),
    # 6: the content
    "6.0": (SOFT, "something about the content"),
    "6.1": (SOFT, "content of this kind is not taken"),
    "6.2": (SOFT, "the content had to be converted, and may not be"),
    "6.3": (SOFT, "the content had to be converted, and cannot be"),
    "6.4": (SOFT, "the content was converted with a loss"),
    "6.5": (SOFT, "the conversion failed"),
    "6.6": (SOFT, "the content is not there"),
    "6.7": (SOFT, "an address in other letters is not taken"),
    "6.8": (SOFT, "an answer in other letters is needed"),
    "6.9": (SOFT, "a header in other letters cannot be passed on"),
    # 7: permission
    "7.0": (SOFT, "something about permission"),
    "7.1": (SOFT, "not allowed"),
    "7.2": (SOFT, "not allowed to write to the list"),
    "7.3": (SOFT, "a protection had to be converted, and cannot be"),
    "7.4": (SOFT, "a protection is not supported"),
    "7.5": (SOFT, "encryption failed"),
    "7.6": (SOFT, "a method of encryption is not supported"),
    "7.7": (SOFT, "the mail was changed on its way"),
    "7.8": (SOFT, "credentials were refused"),
    "7.9": (SOFT, "the authentication is too weak"),
    "7.10": (SOFT, "encryption is needed"),
    "7.11": (SOFT, "encryption is needed to authenticate"),
    "7.12": (SOFT, "a password must be changed"),
    "7.13": (SOFT, "the sender's account is switched off"),
    "7.14": (SOFT, "trust in another house is needed"),
    "7.15": (SOFT, "the priority is too low"),
    "7.16": (SOFT, "the mail is too large for its priority"),
    "7.17": (HARD, "the mailbox belongs to somebody else now"),
    "7.18": (HARD, "the domain belongs to somebody else now"),
    "7.19": (SOFT, "whose mailbox it is cannot be told"),
    "7.20": (SOFT, "no signature holds"),
    "7.21": (SOFT, "no signature is accepted"),
    "7.22": (SOFT, "no signature is the author's"),
    "7.23": (SOFT, "SPF forbids it"),
    "7.24": (SOFT, "SPF cannot be read"),
    "7.25": (SOFT, "our address has no name"),
    "7.26": (SOFT, "several checks failed"),
    "7.27": (SOFT, "the sender's domain takes no mail"),
    "7.28": (SOFT, "too much mail at once"),
    "7.29": (SOFT, "a chain of signatures is broken"),
    "7.30": (SOFT, "encryption all the way is needed"),
}

_STATUS = re.compile(r"([245])\.([0-7])\.([0-9]{1,3})")


def known_status(text: str) -> str:
    """The code of the table that this is, ``5.1.1``; with detail 0 where only its subject is known; empty for what is no code."""
    found = _STATUS.fullmatch(text)
    if found is None:
        return ""
    kind = f"{found[2]}.{int(found[3])}"
    return f"{found[1]}.{kind if kind in KNOWN else f'{found[2]}.0'}"


def says_nothing(status: str) -> bool:
    """Whether it leaves open what was the matter."""
    return not status or status.endswith(".0")


def is_hard(status: str) -> bool:
    """Whether it says that the address takes no mail for good. A temporary one never does."""
    return status.startswith("5.") and KNOWN.get(status[2:], (SOFT, ""))[0]


def words_of(status: str) -> str:
    """What it means, in a few English words."""
    return KNOWN.get(status[2:], KNOWN[UNKNOWN])[1]
