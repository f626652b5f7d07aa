"""A marketplace's contact policy as the store keeps it: JSON, and nothing where it is the usual one."""

import json
from dataclasses import asdict

from postern.errors import StoreError
from postern.model.contact_policy import ContactPolicy, Treatment, Treatments

_USUAL = ContactPolicy()


def write_policy(policy: ContactPolicy) -> str | None:
    """Its one spelling."""
    return None if policy == _USUAL else json.dumps(asdict(policy), sort_keys=True)


def read_policy(text: str | None) -> ContactPolicy:
    """The policy. Raises StoreError for one that this version does not understand."""
    if text is None:
        return _USUAL
    try:
        content = json.loads(text)
        directions = {
            name: Treatments(**{kind: Treatment(word) for kind, word in content[name].items()})
            for name in ("buyer_to_seller", "seller_to_buyer")
        }
        return ContactPolicy(**directions, telling=Treatment(content["telling"]), allowed_hosts=tuple(content["allowed_hosts"]))
    except (ValueError, TypeError, KeyError, AttributeError):
        raise StoreError("the contact policy of a marketplace cannot be read") from None
