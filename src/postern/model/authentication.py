"""What is known of who sent a mail."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Authentication:
    """The proof of the author in header From. With mode ``off`` nothing is proved, and the header is believed:
    ``serve`` allows that on loopback only.
    """

    mode: str = "off"
