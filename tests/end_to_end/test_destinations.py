"""D-10: half of all destinations swallow every connection, and mail for the other half travels as if they were not there."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest

from postern.model.limits import Limits
from tests.many_hosts import many_hosts, queue_mail, settle_readers, writing_to
from tests.people import Town
from tests.people import town as found_town

WELL, SILENT, ROUNDS = 4, 4, 6


@pytest.fixture
def patient_town(store_url: str, tmp_path: Path) -> Iterator[Town]:
    """Its attempts last far longer than the test: whatever arrives did not wait for one to end."""
    with found_town(store_url, tmp_path, Limits(under_way=20, connections=2, attempt_timeout=600)) as town:
        yield town


def test_silent_destinations_keep_their_own_places_and_every_other_mail_arrives(patient_town: Town, tmp_path: Path) -> None:
    town = patient_town

    async def story() -> tuple[int, int]:
        async with many_hosts(WELL, SILENT) as hosts, writing_to(town, hosts, tmp_path) as runner:
            readers = await asyncio.to_thread(settle_readers, town, hosts.domains)
            for _ in range(ROUNDS):
                for domain in (*hosts.silent, *hosts.well):  # the silent ones' first
                    await asyncio.to_thread(queue_mail, town, domain, readers[domain])
                runner.notice()
            async with asyncio.timeout(60):
                while hosts.mails() < WELL * ROUNDS or len(runner._under_way) > 2 * SILENT:  # noqa: ASYNC110 - no bell rings
                    await asyncio.sleep(0.05)
            return hosts.mails(), len(runner._under_way)

    arrived, still_under_way = asyncio.run(story())
    assert arrived == WELL * ROUNDS
    assert still_under_way >= SILENT, "the first attempts at the silent ones have not even ended"
