"""The journal's digests: whatever an entry says, any change is seen, and any field can be withheld without one."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from hypothesis import assume, example, given
from hypothesis import strategies as st

from postern.model.journal import Entry, Field, Value, entry_digest, make_fields, microseconds

SCALARS = st.none() | st.booleans() | st.integers(-(10**18), 10**18) | st.text(max_size=20)
VALUES: st.SearchStrategy[Value] = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3), max_leaves=6
)
MOMENTS = st.datetimes(datetime(1970, 1, 1), datetime(9999, 12, 31), timezones=st.just(UTC))  # noqa: DTZ001
NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)


@st.composite
def entries(draw: st.DrawFn) -> Entry:
    return Entry(
        id=draw(st.uuids()),
        seller_id=draw(st.integers(0, 2**63 - 1)),
        relationship_id=draw(st.none() | st.uuids()),
        message_id=draw(st.none() | st.uuids()),
        kind=draw(st.sampled_from(["mail-accepted", "mail-refused", "a", ""])),
        happened_at=draw(MOMENTS),
        fields=make_fields(draw(st.dictionaries(NAMES, VALUES, max_size=5))),
    )


@given(entries())
def test_an_entry_verifies_from_the_digests_of_its_fields_alone(entry: Entry) -> None:
    assert entry_digest(entry, [field.digest() for field in entry.fields]) == entry.digest()


@given(entries(), st.data())
def test_any_change_of_a_field_is_seen(entry: Entry, drawn: st.DataObject) -> None:
    assume(entry.fields)
    place = drawn.draw(st.integers(0, len(entry.fields) - 1))
    field = entry.fields[place]
    kind = drawn.draw(st.sampled_from(["name", "value", "salt", "left out", "twice", "border"]))
    changed: tuple[Field, ...]
    if kind == "name":
        changed = (replace(field, name=drawn.draw(NAMES.filter(lambda name: name != field.name))),)
    elif kind == "value":
        changed = (replace(field, value=drawn.draw(st.text('ab01"[]{},:', max_size=9).filter(lambda text: text != field.value))),)
    elif kind == "salt":
        changed = (replace(field, salt=bytes([field.salt[0] ^ 1]) + field.salt[1:]),)
    elif kind == "border":
        changed = (Field(field.name + field.value[:1], field.salt, field.value[1:]),)
    else:
        changed = () if kind == "left out" else (field, field)
    fields = (*entry.fields[:place], *changed, *entry.fields[place + 1 :])
    assert replace(entry, fields=fields).digest() != entry.digest()


@given(entries(), st.data())
def test_any_change_of_an_entrys_own_names_and_times_is_seen(entry: Entry, drawn: st.DataObject) -> None:
    other = drawn.draw(entries())
    name = drawn.draw(st.sampled_from(["id", "seller_id", "relationship_id", "message_id", "kind", "happened_at"]))
    assume(getattr(other, name) != getattr(entry, name))
    assert replace(entry, **{name: getattr(other, name)}).digest() != entry.digest()


@given(entries())
def test_the_order_of_fields_is_part_of_what_is_sealed(entry: Entry) -> None:
    assume(len(entry.fields) > 1)
    assert replace(entry, fields=entry.fields[::-1]).digest() != entry.digest()


def test_a_relationship_is_not_taken_for_a_message() -> None:
    one = Entry(UUID(int=1), 1, UUID(int=2), None, "a", datetime(2026, 1, 1, tzinfo=UTC), ())
    assert replace(one, relationship_id=None, message_id=UUID(int=2)).digest() != one.digest()


@given(st.dictionaries(NAMES, VALUES, max_size=5))
def test_salts_are_fresh_and_values_come_back_as_they_were(values: dict[str, Value]) -> None:
    first, second = make_fields(values), make_fields(values)
    assert {field.name: json.loads(field.value) for field in first} == values
    salts = [field.salt for field in (*first, *second)]
    assert len(set(salts)) == len(salts)
    assert all(len(salt) == 16 for salt in salts)
    assert not {field.digest() for field in first} & {field.digest() for field in second}  # equal values look different


@given(st.text(max_size=20))
def test_a_value_has_one_spelling_in_ascii_whatever_it_holds(text: str) -> None:
    (field,) = make_fields({"subject": text})
    assert field.value.isascii()
    assert len(field.digest()) == 32


@given(st.datetimes(timezones=st.just(UTC)))
@example(datetime(9999, 12, 31, 23, 59, 59, 999_999, tzinfo=UTC))
@example(datetime(1969, 12, 31, 23, 59, 59, 500_000, tzinfo=UTC))
def test_a_moment_is_whole_microseconds_exactly(moment: datetime) -> None:
    assert datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds(moment)) == moment
