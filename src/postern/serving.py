"""The running system: doors and worker, started in order and drained in the other. Nothing is decided here."""

import asyncio
import contextlib
import fcntl
import logging
import resource
import ssl
import sys
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from functools import partial

from postern.actions.deliver_mail import settle_left_over
from postern.actions.find_recipient import Recipient, find_recipient
from postern.actions.hold_unread import hold_unread
from postern.actions.receive_mail import Answer, Job, Prepared, receive
from postern.actions.sign_in_to_send import Credentials, note_sign_in, sign_in
from postern.errors import AddressError, ConfigurationError
from postern.listening import is_loopback, read_socket, split_listen
from postern.metrics.door import open_door
from postern.metrics.meter import Meter
from postern.metrics.standing import StandingCollector
from postern.model.address import Address
from postern.model.authentication import Authentication, Mode
from postern.model.envelope import Mail
from postern.model.hosts import read_networks
from postern.model.limits import Limits
from postern.model.submission import SignedIn
from postern.ports import Courier
from postern.settings import Settings, web_listen
from postern.smtp.authentication.asking import Asker
from postern.smtp.authentication.proving import Errand, Prover
from postern.smtp.clamd import Place, Scanner, scanned
from postern.smtp.connection import Hop
from postern.smtp.courier import SmtpCourier
from postern.smtp.doorkeeper import Doorkeeper
from postern.smtp.edge import Desk, Edge
from postern.smtp.encryption import opportunistic, required
from postern.smtp.mx import MxCourier
from postern.smtp.pool import EndedItsReaderError, Pool
from postern.smtp.signing_in import Submission
from postern.smtp.sources import Sources
from postern.smtp.sts_policy import spell_policy
from postern.storage.change import Kept, Outcome
from postern.storage.deliveries import release_all
from postern.storage.engine import require_durable
from postern.storage.house import set_operator
from postern.storage.migrate import require_current
from postern.storage.store import Store
from postern.storage.timetable import release_tasks
from postern.wiring import House, examiner, resolver_of, signer, tasks_of
from postern.worker.handed_over import Notes
from postern.worker.runner import Runner
from postern.worker.timetable import Timetable

Prepare = Callable[[Job, str], Awaitable[object]]
FILES_BESIDE = 300  # the store, the pool, the logs

_log = logging.getLogger(__name__)


def _courier(house: House) -> Courier:
    delivery = house.settings.delivery
    if outbox := house.outbox():
        return outbox
    must_encrypt = delivery.tls == "required"
    if delivery.next_hop == "mx":
        if must_encrypt:
            raise ConfigurationError("delivery.tls: required is for smtp://HOST:PORT; with mx each domain says what it asks for")
        return MxCourier(house.frame.hostname, house.frame.limits, resolver_of(house.settings))
    if delivery.next_hop.startswith("smtp://"):
        encryption = required() if must_encrypt else opportunistic()
        return SmtpCourier(Hop.read(delivery.next_hop), house.frame.hostname, house.frame.limits, encryption)
    raise ConfigurationError("delivery.next_hop: must be smtp://HOST:PORT, mx or sandbox")


def require_safe(settings: Settings) -> None:
    """Refuse to listen beyond this machine while anybody could pretend to be anybody. Raises ConfigurationError."""
    open_doors = {"smtp.listen": settings.smtp.listen, "web.listen": web_listen(settings)}
    beyond = [f"{name} ({listen})" for name, listen in open_doors.items() if not is_loopback(listen)]
    if settings.submission.listen and not (settings.smtp.tls_cert and settings.smtp.tls_key):
        raise ConfigurationError("submission.listen: nobody signs in without TLS; set smtp.tls_cert and smtp.tls_key")
    missing = []
    if settings.authentication.mode == "off":
        missing.append("authentication.mode is off, so anybody could write as anybody")
    if not (settings.smtp.tls_cert and settings.smtp.tls_key):
        missing.append("smtp.tls_cert and smtp.tls_key are not set, so mail would come in unencrypted")
    if beyond and missing:
        raise ConfigurationError(
            f"{' and '.join(beyond)} would be reached from beyond this machine, but {'; and '.join(missing)}. "
            "Set them, or listen on 127.0.0.1 behind servers that authenticate"
        )


def _tls(settings: Settings) -> ssl.SSLContext | None:
    if not (settings.smtp.tls_cert or settings.smtp.tls_key):
        return None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("ECDHE+AESGCM:ECDHE+CHACHA20")  # RFC 9325 4.2: nothing that is not authenticated encryption
    try:
        context.load_cert_chain(settings.smtp.tls_cert, settings.smtp.tls_key)
    except (OSError, ssl.SSLError):
        raise ConfigurationError("smtp.tls_cert and smtp.tls_key: not a certificate with its key") from None
    return context


def _allow_files(limits: Limits) -> None:
    """Let this process open as many files as all its places need; the usual soft limit was made for other programs."""
    needed = limits.sessions + limits.page_connections + limits.under_way + limits.next_hops + FILES_BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard < needed:
        _log.warning("only %s files can be open at once, and %s may be needed: raise the limit (ulimit -n)", hard, needed)
        needed = hard
    if soft != resource.RLIM_INFINITY and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (needed, hard))


@dataclass(frozen=True, slots=True)
class Roles:
    """Which parts of the system this process runs."""

    smtp: bool
    web: bool
    worker: bool


def read_role(text: str) -> Roles:
    """``all``, ``smtp``, ``web`` or ``worker``."""
    if text == "all":
        return Roles(smtp=True, web=True, worker=True)
    return Roles(smtp=text == "smtp", web=text == "web", worker=text == "worker")


async def serve(house: House, roles: Roles, stopped: asyncio.Event, started: Callable[[str], None]) -> None:
    """Run until ``stopped`` is set, then drain: no new mails, those under way to their reply, attempts to their end.

    ``started`` is told where the doors are. Raises ConfigurationError for settings that cannot be served.
    """
    require_safe(house.settings)
    examiner(house.settings)
    _allow_files(house.frame.limits)
    async with contextlib.AsyncExitStack() as stack:
        stack.enter_context(_only_server(house))
        pool = await _begin_pool(house, stack) if roles.smtp else None
        store = house.open_store()
        stack.push_async_callback(asyncio.to_thread, store.close)
        await asyncio.to_thread(_prepare_store, house, store)
        meter = Meter()
        if house.settings.metrics.listen:
            started(_start_metrics(house, store, meter, stack))
        runner = await _start_worker(house, store, meter, stack) if roles.worker else None
        if pool:
            run = _proving(house, pool, stack)
            for line in await _start_edge(house, meter.around(_desk(house, store, run, runner)), stack):
                started(line)
        if roles.web:
            started(await _start_pages(house, store, stack))
        await _until(stopped, runner)
        _log.info("draining")


async def _until(stopped: asyncio.Event, runner: Runner | None) -> None:
    """Wait to be told to stop. A worker that ends by itself ends the service: mail must not be taken and never sent."""
    waiting: set[asyncio.Task[object]] = {asyncio.create_task(stopped.wait())}
    if runner:
        waiting.add(asyncio.create_task(runner.ended()))
    done, pending = await asyncio.wait(waiting, return_when=asyncio.FIRST_COMPLETED)
    for task in pending:
        task.cancel()
    for task in done:
        task.result()


def _prepare_store(house: House, store: Store) -> None:
    require_durable(store.writing_engine)
    require_current(store.writing_engine)
    address = house.settings.service.operator_address
    try:
        operator = Address.parse(address) if address else None
    except AddressError as error:
        raise ConfigurationError(f"service.operator_address: {error}") from None
    if operator is None:
        _log.warning("service.operator_address is not set: mail for postmaster@ and abuse@ is kept, and goes to nobody")
    store.write(lambda transaction: set_operator(transaction, house.vault, operator)).result()
    if store.writing_engine.dialect.name == "sqlite":
        store.write(release_tasks).result()


def _take_up_queue(house: House, store: Store) -> Notes:
    """Settle what processes that died had handed over; on SQLite, with its one server, all that was leased is free again."""
    notes = Notes(house.settings.service.data_dir / "worker")
    for one in notes.left_over:
        settle_left_over(store, house.frame, house.clock, one.delivery_id, one.lease, one.outcome)
    notes.clear()
    if store.writing_engine.dialect.name == "sqlite":
        store.write(partial(release_all, now=house.clock.now())).result()
    return notes


async def _start_worker(house: House, store: Store, meter: Meter, stack: contextlib.AsyncExitStack) -> Runner:
    courier = meter.around_courier(_courier(house))
    stack.push_async_callback(courier.close)
    notes = await asyncio.to_thread(_take_up_queue, house, store)
    stack.callback(notes.close)
    one_hop = house.settings.delivery.next_hop != "mx"
    runner = Runner(store, courier, house.clock, house.frame, signer(house.settings), notes, one_hop=one_hop)
    runner.start()
    stack.push_async_callback(runner.stop)
    timetable = Timetable(store, house.frame, house.clock, tasks_of(house))
    timetable.start()
    stack.push_async_callback(timetable.stop)
    return runner


async def _begin_pool(house: House, stack: contextlib.AsyncExitStack) -> Pool:
    """Let the pool's processes start; the first mail waits for the first that is ready."""
    pool = Pool([sys.executable, "-m", "postern.pool_process", str(house.config)], house.frame.limits)
    stack.push_async_callback(pool.close)
    await pool.begin()
    return pool


async def _start_edge(house: House, desk: Desk, stack: contextlib.AsyncExitStack) -> list[str]:
    """Open the doors for mail. Answers where they are."""
    settings = house.settings
    edge = Edge(desk, house.frame.hostname, house.frame.limits, _tls(settings), _sources(house))
    stack.push_async_callback(edge.drain)
    opened = [f"mail is taken on {await _listen(edge, 'smtp.listen', settings.smtp.listen)}"]
    if settings.submission.listen:
        submission = Submission(implicit_tls=settings.submission.tls == "implicit")
        place = await _listen(edge, "submission.listen", settings.submission.listen, submission)
        opened.append(f"sellers sign in to send on {place}")
    return opened


async def _listen(edge: Edge, option: str, listen: str, submission: Submission | None = None) -> str:
    host, port = split_listen(listen)
    try:
        port = await edge.listen(host, port, submission)
    except OSError as error:
        raise ConfigurationError(f"{option}: {listen} cannot be used: {error.strerror}") from None
    return f"{host}:{port}"


def _sources(house: House) -> Sources:
    smtp = house.settings.smtp
    return Sources(house.frame.limits, read_networks(smtp.trusted_sources), read_networks(smtp.proxy_protocol))


def _proving(house: House, pool: Pool, stack: contextlib.AsyncExitStack) -> Prepare:
    """The way of a mail through the pool, with what the DNS says where its author is to be proved by that."""
    if Mode(house.settings.authentication.mode) is not Mode.ENFORCE:
        return lambda job, sender: pool.run(Errand(job, {}), sender)
    asker = Asker(resolver_of(house.settings), house.frame.limits)
    stack.push_async_callback(asker.close)
    return Prover(asker, pool.run, house.frame.limits).run


def _desk(house: House, store: Store, run: Prepare, runner: Runner | None) -> Desk:
    frame, clock, disks = house.frame, house.clock, house.disks()

    async def find(address: str) -> Recipient:
        def look_up() -> Recipient:
            disks.require_room()
            with store.look() as look:
                return find_recipient(look, frame, address, clock.now())

        return await asyncio.to_thread(look_up)

    async def prepare_elsewhere(mail: Mail) -> Prepared:
        try:
            job = Job(mail, may_leave_at_once=runner is not None and runner.has_room)
            prepared = await run(job, mail.envelope.reverse_path.lower())
        except EndedItsReaderError:
            return await asyncio.to_thread(hold_in_store, mail)
        if not isinstance(prepared, Prepared):
            raise TypeError("the pool answered with something else")
        return prepared

    def hold_in_store(mail: Mail) -> Prepared:
        if mail.authentication.mode is not Mode.SUBMISSION:  # nobody could read what would prove it
            mail = replace(mail, authentication=Authentication(Mode(house.settings.authentication.mode)))
        with store.look() as look:
            return hold_unread(look, frame, mail)

    async def take(mail: Mail) -> Answer:
        return await receive(mail, prepare_elsewhere, partial(_keep, store, runner), frame.limits.stale_retries + 1)

    desk = Desk(find, take, clock, _doorkeeper(house, store))
    scanner = _scanner(house)
    return scanned(desk, scanner) if scanner else desk


def _doorkeeper(house: House, store: Store) -> Doorkeeper:
    async def check(presented: Credentials) -> SignedIn | None:
        def look_up() -> SignedIn | None:
            with store.look() as look:
                found = sign_in(look, presented)
            if found is None:
                return None
            note_sign_in(store, found[1], house.clock.now())
            return found[0]

        return await asyncio.to_thread(look_up)

    return Doorkeeper(check, house.frame.limits)


def _scanner(house: House) -> Scanner | None:
    where = read_socket(house.settings.clamav.socket)
    return Scanner(Place(*where), house.frame.limits) if where else None


async def _keep(store: Store, runner: Runner | None, prepared: Prepared) -> Outcome:
    """Commit, and let what was queued leave at once where the worker of this process has room for it."""
    boarding = runner.board(prepared.change, prepared.parcels) if runner else None
    kept = False
    try:
        outcome = await asyncio.wrap_future(store.keep(boarding.change if boarding else prepared.change))
        kept = isinstance(outcome, Kept)
    finally:
        if runner and boarding:
            runner.leave(boarding, kept=kept)
    if runner and kept and prepared.queued and not boarding:
        runner.notice()
    return outcome


async def _start_pages(house: House, store: Store, stack: contextlib.AsyncExitStack) -> str:
    from postern.api.app import ROOT, build_api, open_office  # noqa: PLC0415 - loads slowly; mail is taken meanwhile
    from postern.web.app import Pages, build_app, serve_pages  # noqa: PLC0415 - as above
    from postern.web.behind_proxies import Proxies  # noqa: PLC0415 - as above

    web = house.settings.web
    proxies = Proxies(read_networks(web.trusted_proxies), web.client_header)
    policy = spell_policy(house.settings.smtp.mta_sts, house.frame.hostname)
    pages = Pages(store=store, frame=house.frame, clock=house.clock, outbox=house.outbox(), sts_policy=policy)
    host, port = split_listen(web_listen(house.settings))
    api = build_api(open_office(store, house.frame, house.clock))
    close, port = await serve_pages(build_app(pages), host, port, {ROOT: api}, proxies)
    stack.push_async_callback(close)
    return f"pages are on http://{host}:{port}"


def _start_metrics(house: House, store: Store, meter: Meter, stack: contextlib.AsyncExitStack) -> str:
    meter.registry.register(StandingCollector(store, house.clock))
    host, port = split_listen(house.settings.metrics.listen)
    close, port = open_door(meter, host, port)
    stack.callback(close)
    return f"metrics are on http://{host}:{port}/metrics"


@contextlib.contextmanager
def _only_server(house: House) -> Iterator[None]:
    """SQLite has one server: a second one on the same folder is refused, for it would end the first one's leases."""
    if not house.settings.store.url.startswith("sqlite"):
        yield
        return
    path = house.settings.service.data_dir / "serve.lock"
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        file = path.open("w")
    except OSError as error:
        raise ConfigurationError(f"service.data_dir: {path.parent} cannot be written: {error.strerror}") from None
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise ConfigurationError("another `postern serve` runs on this store; SQLite has one server") from None
        yield
