"""What the two links in a mail write, and that they write it once (R18, R27)."""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

import pytest
from sqlalchemy import select

from postern.actions.mark_no_response_needed import mark_no_response_needed
from postern.actions.report_message import Lack, Report, report_message
from postern.errors import DamagedError, NotFoundError
from postern.mail.tokens import LinkTarget
from postern.model.identifier import new_id
from postern.model.limits import Limits
from postern.model.relationship import Side
from postern.model.remark import AlreadyDone, Done, Door, Remark
from postern.model.report import ReportReason
from postern.storage import schema
from postern.storage.journal import list_entries_about
from postern.storage.relationships import find_relationship_key
from postern.storage.remarks import is_remarked
from postern.storage.store import Store
from postern.storage.threads import find_message
from tests.people import START, Town, open_store

SPAM = Report(ReportReason.SPAM, "")
SECRET = "He wrote to me at ann@mail.test"


def message_of(town: Town, author: Side) -> LinkTarget:
    """A message that came, and what a link in it acts on."""
    town.receive(town.from_ann() if author is Side.BUYER else town.from_acme())
    with town.store.look() as look:
        statement = select(schema.message.c.id).where(schema.message.c.author == author)
        return LinkTarget(look.connection.execute(statement).scalar_one(), author.other)


def rows(store: Store, table: str) -> list[dict[str, object]]:
    with store.look() as look:
        return [dict(row) for row in look.connection.execute(select(schema.metadata.tables[table])).mappings()]


def told(town: Town, target: LinkTarget) -> list[tuple[str, dict[str, object]]]:
    """What the journal says of the message beyond its arrival."""
    with town.store.look() as look:
        entries = list_entries_about(look, target.message_id)
    told_of = [(one.kind, {field.name: json.loads(field.value) for field in one.fields}) for one in entries]
    return [entry for entry in told_of if entry[0] != "mail-accepted"]


@contextmanager
def another_process(town: Town, folder: Path) -> Iterator[Store]:
    """The same store, opened once more with writers of its own."""
    url = town.store.writing_engine.url.render_as_string(hide_password=False)
    store = open_store(url, folder, town.frame.keyring, Limits())
    try:
        yield store
    finally:
        store.close()


def test_a_message_that_needs_no_response_is_marked_once(town: Town) -> None:
    target = message_of(town, Side.BUYER)
    assert mark_no_response_needed(town.store, target, Door.MAIL_LINK, START) == Done()
    assert mark_no_response_needed(town.store, target, Door.MAIL_LINK, START) == AlreadyDone()
    [row] = rows(town.store, "exemption")
    assert row == {"seller_id": 1, "message_id": target.message_id, "side": "seller", "door": "mail-link", "made_at": START}
    [(kind, values)] = told(town, target)
    assert kind == "no-response-needed"
    assert (values["side"], values["door"]) == ("seller", "mail-link")


def test_a_report_is_kept_once_with_its_text_sealed(town: Town) -> None:
    target = message_of(town, Side.SELLER)
    report = Report(ReportReason.ASKS_CONTACT_DETAILS, f"  {SECRET}\r\n")
    assert report_message(town.store, town.frame, target, report, Door.MAIL_LINK, START) == Done()
    assert report_message(town.store, town.frame, target, SPAM, Door.MAIL_LINK, START) == AlreadyDone()
    [row] = rows(town.store, "report")
    assert (row["side"], row["reason"], row["door"], row["made_at"]) == ("buyer", "asks_contact_details", "mail-link", START)
    sealed = row["sealed_text"]
    assert isinstance(sealed, bytes)
    assert b"mail.test" not in sealed
    with town.store.look() as look:
        key = find_relationship_key(look, 1, town.pair.id)
    assert key.open_text(sealed, f"report {target.message_id} buyer") == SECRET
    for elsewhere in ("text", f"report {target.message_id} seller", f"report {new_id()} buyer"):
        with pytest.raises(DamagedError):  # it opens in its own row alone
            key.open_text(sealed, elsewhere)


def test_the_journal_tells_the_reason_of_a_report_and_never_its_text(town: Town) -> None:
    target = message_of(town, Side.BUYER)
    report_message(town.store, town.frame, target, Report(ReportReason.OTHER, SECRET), Door.MAIL_LINK, START)
    [(kind, values)] = told(town, target)
    assert kind == "message-reported"
    assert (values["side"], values["reason"], values["door"]) == ("seller", "other", "mail-link")
    assert SECRET not in str(rows(town.store, "journal"))


def test_a_report_neither_marks_the_message_nor_the_other_way_round(town: Town) -> None:
    target = message_of(town, Side.BUYER)
    assert report_message(town.store, town.frame, target, SPAM, Door.MAIL_LINK, START) == Done()
    with town.store.look() as look:
        message = find_message(look, target.message_id)
        assert message is not None
        assert is_remarked(look, Remark.REPORT, message, Side.SELLER)
        assert not is_remarked(look, Remark.REPORT, message, Side.BUYER)
        assert not is_remarked(look, Remark.EXEMPTION, message, Side.SELLER)
    assert mark_no_response_needed(town.store, target, Door.MAIL_LINK, START) == Done()


def test_nobody_marks_or_reports_a_message_of_their_own_side(town: Town) -> None:
    for author in Side:
        own = replace(message_of(town, author), side=author)
        with pytest.raises(NotFoundError):
            mark_no_response_needed(town.store, own, Door.MAIL_LINK, START)
        with pytest.raises(NotFoundError):
            report_message(town.store, town.frame, own, SPAM, Door.MAIL_LINK, START)
    assert rows(town.store, "exemption") == rows(town.store, "report") == []


def test_a_buyer_has_no_response_times_to_take_a_message_out_of(town: Town) -> None:
    with pytest.raises(NotFoundError):
        mark_no_response_needed(town.store, message_of(town, Side.SELLER), Door.MAIL_LINK, START)


def test_an_unknown_message_is_not_found(town: Town) -> None:
    unknown = LinkTarget(new_id(), Side.SELLER)
    with pytest.raises(NotFoundError):
        mark_no_response_needed(town.store, unknown, Door.MAIL_LINK, START)
    with pytest.raises(NotFoundError):
        report_message(town.store, town.frame, unknown, SPAM, Door.MAIL_LINK, START)


def test_a_report_of_something_else_needs_words_and_no_report_has_too_many(town: Town) -> None:
    target = message_of(town, Side.BUYER)
    frame = replace(town.frame, limits=Limits(report_text=5))
    lacks = {
        Report(ReportReason.OTHER, " \r\n\x00"): Lack.TEXT,
        Report(ReportReason.OTHER, "123456"): Lack.SHORTER_TEXT,
        Report(ReportReason.SPAM, "123456"): Lack.SHORTER_TEXT,
    }
    for report, lack in lacks.items():
        assert report_message(town.store, frame, target, report, Door.MAIL_LINK, START) == lack
    assert rows(town.store, "report") == []
    assert report_message(town.store, frame, target, Report(ReportReason.OTHER, "12345\r\n"), Door.MAIL_LINK, START) == Done()


def test_of_many_at_once_one_is_the_first(town: Town, tmp_path: Path) -> None:
    target = message_of(town, Side.BUYER)
    with another_process(town, tmp_path) as second, ThreadPoolExecutor(16) as threads:
        stores = [town.store, second] * 8
        marks = list(threads.map(lambda store: mark_no_response_needed(store, target, Door.MAIL_LINK, START), stores))
        reports = list(threads.map(lambda store: report_message(store, town.frame, target, SPAM, Door.MAIL_LINK, START), stores))
    assert sorted(map(str, marks)) == sorted(map(str, [Done(), *[AlreadyDone()] * 15]))
    assert sorted(map(str, reports)) == sorted(map(str, [Done(), *[AlreadyDone()] * 15]))
    assert [len(rows(town.store, table)) for table in ("exemption", "report")] == [1, 1]
    assert len(told(town, target)) == 2
