"""Postfix to measure beside: a private instance with its own settings and queue, in the foreground, on a port of the loopback.

It does what a relay of aliases has to do and no more: alias to real address, queue on the disk, one next hop. The system's own
instance, if there is one, is never touched.
"""

import os
import shutil
import subprocess
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from socket import create_connection

from tests.market import Way
from tests.serving import free_port

_START_SECONDS = 20
_STOP_SECONDS = 20

_SETTINGS = """\
compatibility_level = 3.6
queue_directory = {folder}/queue
data_directory = {folder}/state
mail_owner = postfix
setgid_group = postdrop
maillog_file_prefixes = {folder}
maillog_file = {folder}/mail.log
inet_interfaces = 127.0.0.1
inet_protocols = ipv4
myhostname = marketplace.example
mydestination =
mynetworks = 127.0.0.0/8
smtpd_peername_lookup = no
smtpd_relay_restrictions = permit_mynetworks, reject
alias_maps =
virtual_alias_domains = marketplace.example
virtual_alias_maps = texthash:{folder}/aliases
relayhost = [127.0.0.1]:{next_hop}
smtp_tls_security_level = none
smtpd_tls_security_level = none
"""

_PROCESSES = """\
{port}     inet n - n - -    smtpd
pickup     unix n - n 60 1   pickup
cleanup    unix n - n - 0    cleanup
qmgr       unix n - n 300 1  qmgr
tlsmgr     unix - - n 1000? 1 tlsmgr
rewrite    unix - - n - -    trivial-rewrite
bounce     unix - - n - 0    bounce
defer      unix - - n - 0    bounce
trace      unix - - n - 0    bounce
verify     unix - - n - 1    verify
flush      unix n - n 1000? 0 flush
proxymap   unix - - n - -    proxymap
smtp       unix - - n - -    smtp
relay      unix - - n - -    smtp
showq      unix n - n - -    showq
error      unix - - n - -    error
retry      unix - - n - -    error
discard    unix - - n - -    discard
anvil      unix - - n - 1    anvil
scache     unix - - n - 1    scache
postlog    unix-dgram n - n - 1 postlogd
"""


@dataclass(frozen=True, slots=True)
class Postfix:
    """A running instance: its port, and the process all others stem from."""

    port: int
    pid: int


def why_not() -> str:
    """Why Postfix cannot be measured here; empty if it can."""
    if shutil.which("postfix", path=_path()) is None:
        return "Postfix is not installed: apt-get install postfix (choose `No configuration`), or measure --without-postfix"
    if os.geteuid() != 0:
        return "Postfix starts as root only; or measure --without-postfix"
    return ""


@contextmanager
def running_postfix(folder: Path, next_hop: int, ways: Sequence[Way]) -> Iterator[Postfix]:
    """The instance for this long, relaying each alias of these ways to the real address behind it."""
    port = free_port()
    _write_settings(folder, port, next_hop, ways)
    command = ["postfix", "-c", str(folder), "start-fg"]
    with (folder / "start.log").open("wb") as log:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=os.environ | {"PATH": _path()})
    try:
        _await_greeting(port, process, folder)
        yield Postfix(port, process.pid)
    finally:
        process.terminate()  # the master ends its own
        process.wait(_STOP_SECONDS)


def _write_settings(folder: Path, port: int, next_hop: int, ways: Sequence[Way]) -> None:
    for name in ("queue", "state"):
        (folder / name).mkdir(parents=True)
    folder.chmod(0o755)
    shutil.chown(folder / "state", "postfix")
    (folder / "main.cf").write_text(_SETTINGS.format(folder=folder, next_hop=next_hop))
    (folder / "master.cf").write_text(_PROCESSES.format(port=f"127.0.0.1:{port}"))
    (folder / "aliases").write_text("".join(f"{way.alias} {way.reader}\n" for way in ways))


def _await_greeting(port: int, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), create_connection(("127.0.0.1", port), timeout=2) as probe:
            if probe.recv(4) == b"220 ":
                return
        time.sleep(0.05)
    logs = [path.read_text() for path in (folder / "start.log", folder / "mail.log") if path.exists()]
    raise RuntimeError("Postfix did not come up:\n" + "\n".join(logs))


def _path() -> str:
    return f"{os.environ.get('PATH', os.defpath)}:/usr/sbin"
