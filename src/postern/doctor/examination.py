"""The examination: every check, in the order in which its findings are read. All run at once, for most of them wait."""

import traceback
from collections.abc import Sequence
from concurrent.futures import Future
from concurrent.futures import wait as wait_for
from threading import Thread

from postern.doctor import dns_checks, door_checks, machine_checks, settings_checks, store_checks
from postern.doctor.finding import Finding, Health
from postern.doctor.patient import Check, Patient
from postern.errors import PosternError, StoreError

SECONDS = 10.0  # for all of it
CHECKS: tuple[Check, ...] = (
    settings_checks.check_settings_file,
    settings_checks.check_hostname,
    settings_checks.check_public_url,
    settings_checks.check_operator,
    settings_checks.check_authentication,
    settings_checks.check_next_hop,
    settings_checks.check_master_file,
    settings_checks.check_dkim_keys,
    machine_checks.check_data_folder,
    machine_checks.check_disks,
    machine_checks.check_open_files,
    machine_checks.check_memory,
    machine_checks.check_clock,
    store_checks.check_schema,
    store_checks.check_durable,
    store_checks.check_journal_file,
    store_checks.check_blobs,
    store_checks.check_marketplaces,
    store_checks.check_queue,
    store_checks.check_paused,
    store_checks.check_held,
    store_checks.check_addresses,
    store_checks.check_timetable,
    store_checks.check_checkpoint_folder,
    door_checks.check_mail_door,
    door_checks.check_page_door,
    door_checks.check_certificate,
    door_checks.check_way_out,
    dns_checks.check_dns,
)


def examine(patient: Patient, checks: Sequence[Check] = CHECKS, seconds: float = SECONDS) -> list[Finding]:
    """Everything that was found, in the order of the list. A check that fails itself, or does not end, says so."""
    running = [_begin(check, patient) for check in checks]
    wait_for(running, seconds)
    return [finding for check, future in zip(checks, running, strict=True) for finding in _ended(check, future)]


def _begin(check: Check, patient: Patient) -> "Future[list[Finding]]":
    """In a thread that nobody waits for at the end: what does not answer must not keep the command from ending."""
    future: Future[list[Finding]] = Future()
    Thread(target=lambda: future.set_result(_run(check, patient)), daemon=True).start()
    return future


def _run(check: Check, patient: Patient) -> list[Finding]:
    try:
        return list(check(patient))
    except StoreError as error:  # store.schema says what it is
        return [Finding(_name(check), Health.UNKNOWN, f"{_name(check)} cannot be examined: {error}.")]
    except PosternError as error:
        return [
            Finding(_name(check), Health.BAD, f"{_name(check)}: {error}.", "It cannot be examined, and will hardly work.", "")
        ]
    except Exception as error:  # noqa: BLE001 - the others are to be told all the same
        place = traceback.extract_tb(error.__traceback__)[-1]
        says = f"{_name(check)} ended in an error of ours: {type(error).__name__} at {place.name}:{place.lineno}."
        return [Finding(_name(check), Health.UNKNOWN, says, "", "Please report it.")]


def _ended(check: Check, future: "Future[list[Finding]]") -> list[Finding]:
    if future.done():
        return future.result()
    return [Finding(_name(check), Health.UNKNOWN, f"{_name(check)} did not end in time.", "", "Run it again.")]


def _name(check: Check) -> str:
    module, _, name = f"{check.__module__}.{check.__qualname__}".rpartition(".")
    return f"{module.rpartition('.')[2].removesuffix('_checks')}.{name.removeprefix('check_')}"
