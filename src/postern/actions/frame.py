"""What every action needs to know of the installation it runs in: plain settled values, the same in each process."""

from dataclasses import dataclass, field

from postern.keys import Keyring
from postern.model.contact_reason import ContactReasons
from postern.model.content_rule import ContentRule
from postern.model.limits import Limits
from postern.model.retention import Retention


@dataclass(frozen=True, slots=True)
class Frame:
    """``public_url`` is without a slash at its end."""

    public_url: str
    hostname: str  # what we call ourselves in SMTP
    keyring: Keyring = field(repr=False)
    limits: Limits
    retention: Retention = field(default_factory=Retention)
    reasons: ContactReasons = field(default_factory=ContactReasons, repr=False)
    content_rules: tuple[ContentRule, ...] = field(default=(), repr=False)
