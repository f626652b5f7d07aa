"""Domains with mail hosts of their own, all on loopback: some take mail, some swallow every connection and never say a word.

A worker with the real courier for many destinations writes to them from a real queue.
"""

import asyncio
import socket
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from pathlib import Path
from uuid import UUID

from sqlalchemy import insert

from postern.model.address import Address
from postern.model.delivery import Carries
from postern.model.identifier import new_id
from postern.smtp.mx import MxCourier
from postern.smtp.outside import Outside
from postern.smtp.resolver import Exchanger
from postern.smtp.unanswered import Unanswered
from postern.storage import schema
from postern.storage.change import Change, Kept
from postern.storage.deliveries import Delivery, delivery_row, mark_destination
from postern.storage.documents import Owner, seal_document
from postern.storage.people import person_row
from postern.worker.handed_over import Notes
from postern.worker.runner import Runner
from tests.next_hop import ScriptedHop
from tests.people import Town, unsigned


@dataclass(frozen=True, slots=True)
class Loopback:
    """The name servers: every domain is its own host, at the address that was given it."""

    hosts: dict[str, str] = field(default_factory=dict)

    async def exchangers(self, domain: str) -> tuple[Exchanger, ...] | Unanswered:
        return (Exchanger(10, domain),) if domain in self.hosts else Unanswered.NO_SUCH_NAME

    async def addresses(self, host: str) -> tuple[str, ...] | Unanswered:
        return (self.hosts[host],) if host in self.hosts else Unanswered.NO_SUCH_NAME

    async def texts(self, name: str) -> tuple[str, ...] | Unanswered:
        del name
        return Unanswered.NO_SUCH_NAME


@dataclass(frozen=True, slots=True)
class Hosts:
    """What listens, on one port of many addresses."""

    port: int
    names: Loopback
    well: dict[str, ScriptedHop]
    silent: tuple[str, ...]

    @property
    def domains(self) -> list[str]:
        return [*self.well, *self.silent]

    def mails(self) -> int:
        """How many were taken, by all of them."""
        return sum(len(hop.mails) for hop in self.well.values())


@asynccontextmanager
async def many_hosts(well: int, silent: int) -> AsyncIterator[Hosts]:
    """So many of each."""
    async with AsyncExitStack() as stack:
        first = await stack.enter_async_context(ScriptedHop(host="127.0.1.1"))
        hops = {"well1.test": first}
        for number in range(2, well + 1):
            hop = ScriptedHop(host=f"127.0.1.{number}", port=first.port)
            hops[f"well{number}.test"] = await stack.enter_async_context(hop)
        addresses = {f"well{number}.test": f"127.0.1.{number}" for number in range(1, well + 1)}
        for number in range(1, silent + 1):
            stack.enter_context(_black_hole(f"127.0.2.{number}", first.port))
            addresses[f"silent{number}.test"] = f"127.0.2.{number}"
        yield Hosts(first.port, Loopback(addresses), hops, tuple(one for one in addresses if one.startswith("silent")))


def _black_hole(address: str, port: int) -> closing[socket.socket]:
    """The kernel completes a connection, nobody ever accepts it."""
    listener = socket.socket()
    listener.bind((address, port))
    listener.listen(1)
    return closing(listener)


def settle_readers(town: Town, domains: Sequence[str]) -> dict[str, UUID]:
    """Somebody at each domain."""
    people = {one: person_row(town.store.vault, "correspondent", Address.parse(f"reader@{one}")) for one in domains}
    town.store.write(lambda transaction: transaction.execute(insert(schema.person), list(people.values()))).result()
    return {domain: UUID(str(person["id"])) for domain, person in people.items()}


def queue_mail(town: Town, domain: str, person_id: UUID) -> None:
    """A mail of the house, which needs neither a message nor a signature; it says when it was queued."""
    content = f"Subject: Hello\r\n\r\nqueued at {time.monotonic()} \r\n".encode()
    owner = Owner("house", None, town.store.vault.house_key())
    document = seal_document(schema.HOUSE, content, owner, town.store.blobs, 64_000)
    now = town.clock.now()
    ids = (new_id(), schema.HOUSE, new_id(), document.id, person_id)
    destination = mark_destination(town.store.vault, Address.parse(f"reader@{domain}"))
    one = Delivery(*ids, "", Carries.HOUSE, now, None, 0, now, destination=destination, size=len(content))
    assert town.store.keep(Change(schema.HOUSE, (document.row, delivery_row(one)))).result() == Kept()


@asynccontextmanager
async def writing_to(town: Town, hosts: Hosts, folder: Path) -> AsyncIterator[Runner]:
    """A worker that writes to these hosts; it is stopped hard at the end, for nobody waits for the silent ones."""
    courier = MxCourier("mx.marketplace.example", town.frame.limits, hosts.names, Outside(hosts.port, loopback_is_allowed=True))
    runner = Runner(town.store, courier, town.clock, town.frame, unsigned, Notes(folder / "worker"), one_hop=False)
    running = asyncio.create_task(runner.run())
    try:
        yield runner
    finally:
        running.cancel()
        under_way = [task for _, task in runner._under_way.values()]
        for task in under_way:
            task.cancel()
        await asyncio.gather(running, *under_way, return_exceptions=True)
        await courier.close()
