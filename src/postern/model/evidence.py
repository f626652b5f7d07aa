"""What an evidence pack is made of: the names in it, how much it shows, and what it claims.

docs/operate/disputes.md tells the format.
"""

from enum import StrEnum

FORMAT = "postern evidence 1"
MANIFEST, NOTE, PROOF, MESSAGES, PAGES, README = (
    "manifest.json",
    "manifest.note",
    "proof.json",
    "messages.json",
    "evidence.pdf",
    "README.txt",
)


class Level(StrEnum):
    """How much a pack shows. What it withholds leaves its digests behind, so every level verifies."""

    OUTLINE = "outline"  # what happened and when; no words, no mails
    SENT = "sent"  # with each mail as its reader got it: no real address is in it
    FULL = "full"  # with each mail as it came: real addresses are


def spell_claim(origin: str, size: int, manifest_digest: str) -> str:
    """The text that is signed for a pack: whose it is, up to which entry, and the SHA-256 of its manifest. Four lines, so that it
    never passes for a checkpoint, which has three.
    """
    return f"{origin}\n{FORMAT}\n{size}\n{manifest_digest}\n"
