"""Ways past the marketplace that somebody typed: addresses, phone numbers, messengers, links; the marketplace says what it minds.

What is masked is masked when the mail is rewritten, and is no finding.
"""

from collections.abc import Mapping

from postern.language import phrase
from postern.model.contact_policy import Treatment
from postern.policy.facts import Facts
from postern.policy.reasons import CONTACT_DETAILS_HELD, CONTACT_DETAILS_NOTED, CONTACT_DETAILS_REFUSED, Cause, Reason
from postern.policy.verdict import Effect, Finding

_EFFECTS: Mapping[Treatment, tuple[Effect, Reason]] = {
    Treatment.REFUSE: (Effect.REFUSE, CONTACT_DETAILS_REFUSED),
    Treatment.HOLD: (Effect.HOLD, CONTACT_DETAILS_HELD),
    Treatment.WARN: (Effect.NOTE, CONTACT_DETAILS_NOTED),
}
_NAMES = {
    "address": phrase("an e-mail address"),
    "phone": phrase("a phone number"),
    "messenger": phrase("a messenger contact"),
    "link": phrase("a link"),
}


def must_respect_contact_policy(facts: Facts) -> tuple[Finding, ...]:
    """A finding for each kind and place that the policy does not simply let pass."""
    found = ((kind, place, facts.contact_treatments.of(kind)) for kind, place in facts.contact_details)
    return tuple(
        Finding(
            "contact details", Cause(_EFFECTS[treatment][1], (("detail", _NAMES[kind.value]),)), _EFFECTS[treatment][0], place
        )
        for kind, place, treatment in found
        if treatment in _EFFECTS
    )
