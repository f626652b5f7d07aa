"""The aliases: what each side sees of the other (R1 to R4)."""

import re
import secrets
import string

LOCAL_PART_LENGTH = 15  # R4: 15 characters of a-z0-9, about 77 bits
_ALPHABET = string.ascii_lowercase + string.digits
_LOCAL_PART = re.compile(rf"[a-z0-9]{{{LOCAL_PART_LENGTH}}}")


def mint_local_part() -> str:
    """A fresh local part from the system's secure random source (R4). The alias directory refuses one that was ever used."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(LOCAL_PART_LENGTH))


def read_local_part(text: str) -> str | None:
    """The directory's spelling of what somebody typed, whatever the case (R4), or None where no alias looks like this."""
    spelled = text.lower()
    return spelled if text.isascii() and _LOCAL_PART.fullmatch(spelled) else None  # a Kelvin sign is lowered to an ASCII k
