"""The store: does it answer, is it this version's, would it lose anything, and does what waits in it move?"""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

from postern.actions.decide_held import list_waiting
from postern.actions.keep_queue import find_paused
from postern.actions.watch_addresses import list_watched
from postern.doctor.finding import Finding, Health, good
from postern.doctor.patient import Patient
from postern.errors import ConfigurationError, PosternError
from postern.storage.deliveries import count_by_destination
from postern.storage.engine import open_reader, read_url, require_durable
from postern.storage.migrate import find_revision
from postern.storage.people import list_marketplaces
from postern.storage.schema import REVISION
from postern.storage.timetable import list_last_runs

_LATE, _STUCK = timedelta(minutes=15), timedelta(hours=4)
_HOLD_ENDS = timedelta(hours=24)
_CHECKPOINTS_EVERY = timedelta(hours=2)
_A_LARGE_WAL = 1_000_000_000  # octets


def check_schema(patient: Patient) -> Iterator[Finding]:
    check = "store.schema"
    engine = open_reader(read_url(patient.house.settings.store.url), connections=1)
    try:
        revision = find_revision(engine)
    except PosternError as error:
        fix = "Is the database up, and may this user open it? store.url says where it is."
        yield Finding(check, Health.BAD, f"{error}.".capitalize(), "No mail is taken: senders get 451.", fix)
        return
    finally:
        engine.dispose()
    if revision == REVISION:
        yield good(check, f"The store answers, and its schema is this version's ({revision}).")
    elif revision and revision > REVISION:
        fix = "Install the version that made it, or a later one."
        yield Finding(check, Health.BAD, f"The store is of a newer Postern ({revision}).", "`postern serve` does not start.", fix)
    else:
        says = f"The store's schema is {revision}, this version's {REVISION}." if revision else "The store is empty."
        yield Finding(check, Health.BAD, says, "`postern serve` does not start.", "postern backup create DIR && postern migrate")


def check_durable(patient: Patient) -> Iterator[Finding]:
    check = "store.durable"
    engine = open_reader(read_url(patient.house.settings.store.url), connections=1)
    try:
        require_durable(engine)
    except ConfigurationError as error:
        fix = "Set fsync, full_page_writes and synchronous_commit to on in postgresql.conf."
        yield Finding(check, Health.BAD, f"{error}.", "A power cut loses mails that were answered 250.", fix)
    else:
        yield good(check, "What is committed survives a power cut.")
    finally:
        engine.dispose()


def check_journal_file(patient: Patient) -> Iterator[Finding]:
    """SQLite's write-ahead log grows without end where some reader never lets go."""
    url = read_url(patient.house.settings.store.url)
    if url.drivername != "sqlite":
        return
    log = Path(f"{url.database}-wal")
    size = log.stat().st_size if log.exists() else 0
    if size > _A_LARGE_WAL:
        fix = "End whatever else has the database open, then restart `postern serve`."
        yield Finding(
            "store.wal", Health.WARNING, f"{log} has {size // 1_000_000} MB.", "The store grows slower and larger.", fix
        )
    else:
        yield good("store.wal", "SQLite's write-ahead log is short.")


def check_blobs(patient: Patient) -> Iterator[Finding]:
    next(patient.house.blobs.names(), None)
    yield good("store.blobs", "The place for large mails answers.")


def check_marketplaces(patient: Patient) -> Iterator[Finding]:
    check = "store.marketplaces"
    with patient.look() as look:
        domains = [one.mail_domain.lower() for one in list_marketplaces(look)]
    unsigned = sorted(set(domains) - set(patient.mail_domains))
    if not domains:
        yield Finding(check, Health.WARNING, "There is no marketplace yet.", "No alias exists.", "postern import FEED.jsonl")
    elif unsigned:
        fix = "Make keys for these domains, and name them in [[dkim]]."
        says = f"No DKIM key signs for {', '.join(unsigned)}."
        yield Finding(check, Health.BAD, says, "Mail from there is refused or taken for spam.", fix)
    else:
        yield good(check, f"{len(domains)} marketplaces, each with DKIM keys.")


def check_queue(patient: Patient) -> Iterator[Finding]:
    check = "queue.age"
    with patient.look() as look:
        waiting = count_by_destination(look)
    number = sum(one.deliveries for one in waiting)
    oldest = min((one.queued_at for one in waiting), default=None)
    overdue = min((one.due_at for one in waiting), default=None)
    if overdue and patient.now - overdue > _LATE:
        minutes = (patient.now - overdue) // timedelta(minutes=1)
        fix = "Is `postern serve` running, with the role worker? Its log says what stops it."
        says = f"{number} deliveries wait; the first was due {minutes} minutes ago and was not tried."
        yield Finding(check, Health.BAD, says, "Mail that was taken is not sent.", fix)
    elif oldest and patient.now - oldest > _STUCK:
        hours = (patient.now - oldest) // timedelta(hours=1)
        says = f"{number} deliveries wait, the oldest for {hours} hours."
        fix = "`postern queue list --by-destination` shows where, `postern queue list` the last answers."
        yield Finding(check, Health.WARNING, says, "Somebody's messages are late; after five days they come back.", fix)
    else:
        yield good(check, f"{number} deliveries wait, none of them long.")


def check_paused(patient: Patient) -> Iterator[Finding]:
    check = "queue.paused"
    with patient.look() as look:
        paused = find_paused(look)
    if paused.everywhere or paused.domains:
        what = "All outgoing mail is paused." if paused.everywhere else f"Mail to {paused.domains} domains is paused."
        yield Finding(check, Health.WARNING, what, "Mail is taken and kept, and not sent.", "postern queue resume")
    else:
        yield good(check, "Nothing is paused.")


def check_held(patient: Patient) -> Iterator[Finding]:
    check = "queue.held"
    with patient.look() as look:
        waiting = list_waiting(look, patient.house.frame, patient.now)
    soon = [one for one in waiting if one.decide_by - patient.now < _HOLD_ENDS]
    if soon:
        says = f"{len(waiting)} messages are held; {len(soon)} of them expire within a day."
        yield Finding(check, Health.WARNING, says, "Undecided, they are refused, and their authors told.", "postern held list")
    else:
        yield good(check, f"{len(waiting)} messages are held.")


def check_addresses(patient: Patient) -> Iterator[Finding]:
    check = "queue.addresses"
    with patient.look() as look:
        failing = [one for one in list_watched(look, patient.house.frame, patient.now) if one.is_failing]
    serving = sum(bool(one.serves) for one in failing)
    if serving:
        says = f"Mail to the customer-service addresses of {serving} sellers comes back."
        fix = "`postern bounces list` names the sellers: ask them for another address."
        yield Finding(check, Health.WARNING, says, "Their buyers' messages do not reach them by mail.", fix)
    else:
        yield good(check, f"No customer-service address fails ({len(failing)} other addresses do).")


def check_timetable(patient: Patient) -> Iterator[Finding]:
    check = "record.checkpoint"
    with patient.look() as look:
        last = list_last_runs(look).get("checkpoint")
    if last is None:
        says = "No checkpoint was ever signed."
        yield Finding(
            check, Health.WARNING, says, "The record cannot prove itself yet.", "Run `postern serve` with the role worker."
        )
    elif patient.now - last > _CHECKPOINTS_EVERY:
        says = f"The last checkpoint was signed at {last:%Y-%m-%d %H:%M} UTC."
        fix = "Is `postern serve` running, with the role worker?"
        yield Finding(check, Health.BAD, says, "Nobody does what is due by the clock: seals, retention, holds that end.", fix)
    else:
        yield good(check, f"The record was sealed and signed at {last:%H:%M} UTC.")


def check_checkpoint_folder(patient: Patient) -> Iterator[Finding]:
    check = "record.outside"
    try:
        number = len(patient.house.checkpoints().sizes())
    except PosternError as error:
        fix = "Mend record.checkpoint_dir."
        yield Finding(check, Health.BAD, f"{error}.", "A store that is set back to yesterday would not be noticed.", fix)
        return
    yield good(check, f"{number} checkpoints lie outside the store.")
