"""How a language writes days, numbers and amounts. The forms of each stand in its ``forms.json``, taken from Unicode's CLDR."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, fields
from decimal import Decimal
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Forms:
    """``date``, ``moment`` and ``money`` are patterns with ``{fields}``; ``last_group`` and ``group`` count digits between
    separators, of which the last have their own number in India. The defaults are English.
    """

    name: str = "English"
    date: str = "{day} {month} {year}"
    moment: str = "{day}, {time}"
    months: tuple[str, ...] = (
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    )  # fmt: skip
    decimal: str = "."
    separator: str = ","
    last_group: int = 3
    group: int = 3
    money: str = "{currency}\u00a0{amount}"

    @classmethod
    def read(cls, written: Mapping[str, Any]) -> Self:  # Any: whatever JSON holds
        """What ``forms.json`` says, and what it does not say as in English."""
        names = {field.name for field in fields(cls)}
        forms: dict[str, Any] = {name: form for name, form in written.items() if name in names}
        return cls(**forms | {"months": tuple(forms.get("months", cls().months))})

    def day(self, day: dt.date) -> str:
        """A day in full: ``24. November 2026``."""
        return self.date.format(day=day.day, month=self.months[day.month - 1], number=day.month, year=day.year)

    def time(self, at: dt.datetime) -> str:
        """A moment, for people whose time zone is not known: ``24. November 2026, 09:30 UTC``."""
        utc = at.astimezone(dt.UTC)
        return self.moment.format(day=self.day(utc.date()), time=f"{utc:%H:%M} UTC")

    def number(self, number: Decimal | int) -> str:
        """A number with all its digits: ``1.234,50``."""
        sign = "-" if number < 0 else ""
        whole, _, fraction = f"{abs(Decimal(number)):f}".partition(".")
        return sign + self._grouped(whole) + (self.decimal + fraction if fraction else "")

    def amount(self, amount: Decimal, currency: str) -> str:
        """An amount with the three letters of its currency (ISO 4217): a sign may stand for many."""
        return self.money.format(amount=self.number(amount), currency=currency)

    def _grouped(self, digits: str) -> str:
        first, groups = digits[: -self.last_group], [digits[-self.last_group :]]
        while first:
            groups.append(first[-self.group :])
            first = first[: -self.group]
        return self.separator.join(reversed(groups))
