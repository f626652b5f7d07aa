"""How a language writes days, numbers and amounts. The forms of each stand in its ``forms.json``, taken from Unicode's CLDR."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Self


@dataclass(frozen=True, slots=True)
class Forms:
    """``date``, ``moment`` and ``money`` are patterns with ``{fields}``; ``last_group`` and ``group`` count digits between
    separators, of which the last have their own number in India.
    """

    name: str
    date: str
    moment: str
    months: tuple[str, ...]
    decimal: str
    separator: str
    last_group: int
    group: int
    money: str

    @classmethod
    def read(cls, written: Mapping[str, str | int | list[str]]) -> Self:
        """What ``forms.json`` says. Raises KeyError where one is missing."""

        def words(key: str) -> str:
            return str(written[key])

        months = written["months"]
        if not isinstance(months, list) or len(months) != 12:  # noqa: PLR2004 - months of a year
            raise KeyError("months")
        return cls(
            words("name"),
            words("date"),
            words("moment"),
            tuple(months),
            words("decimal"),
            words("separator"),
            int(words("last_group")),
            int(words("group")),
            words("money"),
        )

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


ENGLISH = Forms(
    name="English",
    date="{day} {month} {year}",
    moment="{day}, {time}",
    months=(
        "January", "February", "March", "April", "May", "June",
        "July", "August", "September", "October", "November", "December",
    ),
    decimal=".",
    separator=",",
    last_group=3,
    group=3,
    money="{currency}\u00a0{amount}",
)  # fmt: skip
