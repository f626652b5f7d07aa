"""The machine: room on its disks, memory, files it may open."""

import os
import resource
import shutil
from collections.abc import Iterator

from postern.doctor.finding import Finding, Health, good
from postern.doctor.patient import Patient
from postern.errors import PosternError
from postern.storage.journal import find_latest_moment

FILES_BESIDE_SESSIONS = 200  # the store, the pool's pipes, connections to next hops, pages
_MEGABYTE = 1_000_000


def check_data_folder(patient: Patient) -> Iterator[Finding]:
    folder, check = patient.house.settings.service.data_dir, "machine.data_folder"
    if not folder.is_dir():
        yield Finding(
            check, Health.BAD, f"{folder} is not there.", "Nothing can be kept.", "postern migrate, or set service.data_dir."
        )
    elif not os.access(folder, os.R_OK | os.W_OK | os.X_OK):
        fix = "Run this as the user that serves, or give the folder to that user."
        yield Finding(check, Health.BAD, f"{folder} cannot be written by this user.", "Nothing can be kept.", fix)
    else:
        yield good(check, f"{folder} can be written.")


def check_disks(patient: Patient) -> Iterator[Finding]:
    limits = patient.house.frame.limits
    for folder in {one.resolve() for one in patient.house.kept_folders() if one.exists()}:
        usage = shutil.disk_usage(folder)
        says = f"{usage.free // _MEGABYTE} MB of {usage.total // _MEGABYTE} are free under {folder}."
        if usage.free < limits.min_free:
            yield Finding(
                "machine.disk",
                Health.BAD,
                says,
                "No mail is taken: senders get 452.",
                "Make room, or put the store on a larger disk.",
            )
        elif usage.free * 100 < usage.total * limits.low_free_percent:
            yield Finding(
                "machine.disk",
                Health.WARNING,
                says,
                "Soon no mail can be taken.",
                "Make room, or put the store on a larger disk.",
            )
        else:
            yield good("machine.disk", says)


def check_open_files(patient: Patient) -> Iterator[Finding]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    needed = patient.house.frame.limits.sessions + FILES_BESIDE_SESSIONS
    says = f"A process may open {soft} files; {needed} are needed where all limits.sessions are in use."
    if soft >= needed or soft == resource.RLIM_INFINITY:
        yield good("machine.open_files", says)
        return
    fix = f"Let the service open {needed} (LimitNOFILE= in a systemd unit; the hard limit is {hard}), or lower limits.sessions."
    yield Finding("machine.open_files", Health.WARNING, says, "Connections fail before that limit is reached.", fix)


def check_memory(patient: Patient) -> Iterator[Finding]:
    whole = _memory()
    if whole is None:
        yield Finding("machine.memory", Health.UNKNOWN, "The machine does not tell how much memory it has.")
        return
    limits = patient.house.frame.limits
    processes = limits.pool_processes or os.cpu_count() or 1
    says = f"{whole // _MEGABYTE} MB of memory, {processes} processes that read mails."
    if whole < _LEAST + processes * _A_READER:
        fix = "Give the machine more, or lower limits.pool_processes."
        yield Finding("machine.memory", Health.WARNING, says, "Under load the system may end processes of Postern.", fix)
    else:
        yield good("machine.memory", says)


_LEAST, _A_READER = 300 * _MEGABYTE, 100 * _MEGABYTE  # by bench/relay.py: 250 MB in all with two readers; a large mail needs more


def _memory() -> int | None:
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (ValueError, OSError):
        return None


def check_clock(patient: Patient) -> Iterator[Finding]:
    """A store that holds later times than the clock tells was written under another clock."""
    check = "machine.clock"
    try:
        with patient.look() as look:
            latest = find_latest_moment(look)
    except PosternError:
        yield Finding(check, Health.UNKNOWN, "The store cannot be read, so the clock cannot be compared with it.")
        return
    if latest and (ahead := (latest - patient.now).total_seconds()) > _TOLERANCE:
        yield Finding(
            check,
            Health.BAD,
            f"The record holds an entry that is {int(ahead)} seconds later than this machine's clock.",
            "Deadlines, limits by day and signatures are wrong.",
            "Set the clock, and let the system keep it (chrony, systemd-timesyncd).",
        )
    else:
        yield good(check, f"The clock says {patient.now:%Y-%m-%d %H:%M} UTC, and nothing in the record is later.")


_TOLERANCE = 60.0  # seconds
