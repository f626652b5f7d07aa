"""A seller's own template: words that they write often, with variables, in each language that they need."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

VARIABLES = ("order", "buyer", "seller", "marketplace", "item", "carrier", "tracking_number")
NAME = re.compile(r"[a-z][a-z0-9_-]{0,49}")
_VARIABLE = re.compile(r"\{([a-z][a-z0-9_]{0,29})\}")


@dataclass(frozen=True, slots=True)
class SellerTemplate:
    """One template in one language (``de``)."""

    name: str
    language: str
    text: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Filled:
    """The text; ``unresolved`` are the variables that nothing is known for, still in their braces."""

    text: str = field(repr=False)
    unresolved: tuple[str, ...] = ()


def unknown_variables(text: str) -> tuple[str, ...]:
    """The names in braces that are no variables of ours."""
    return tuple(name for name in dict.fromkeys(_VARIABLE.findall(text)) if name not in VARIABLES)


def unresolved_in(text: str) -> tuple[str, ...]:
    """Variables of ours that stand in a text that is about to be sent: somebody forgot them."""
    if "{" not in text:
        return ()
    return tuple(name for name in dict.fromkeys(_VARIABLE.findall(text)) if name in VARIABLES)


def fill(template: SellerTemplate, values: Mapping[str, str]) -> Filled:
    """With what is known of the order; what is not known stays, so that it can be seen and is never sent."""
    text = _VARIABLE.sub(lambda found: values.get(found[1]) or found[0], template.text)
    missing = dict.fromkeys(name for name in _VARIABLE.findall(template.text) if not values.get(name))
    return Filled(text, tuple(missing))
