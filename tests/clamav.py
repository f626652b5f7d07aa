"""A real clamd on a socket of its own, which knows one signature: that of the EICAR test file."""

import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.serving import free_port

# In two pieces, so that no scanner takes this file for what it is about.
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$" + b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"
SIGNATURE = "Postern.Test.EICAR"
START_SECONDS = 60


@dataclass(frozen=True)
class Clamd:
    """Where it listens, until ``end``."""

    path: Path
    port: int
    process: subprocess.Popen[bytes] = field(repr=False)

    def end(self) -> None:
        self.process.terminate()
        self.process.wait(START_SECONDS)


@contextmanager
def running_clamd(folder: Path, stream_maximum: int = 20_000_000) -> Iterator[Clamd]:
    """Debian's clamav-daemon; where it cannot be started, the test fails."""
    program = shutil.which("clamd", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if program is None:
        raise RuntimeError("clamd is missing: apt-get install clamav-daemon")
    database, path, port = folder / "signatures", folder / "clamd.ctl", free_port()
    database.mkdir()
    (database / "eicar.ndb").write_text(f"{SIGNATURE}:0:*:{EICAR.hex()}\n")
    config = folder / "clamd.conf"
    config.write_text(
        f"DatabaseDirectory {database}\nLocalSocket {path}\nTCPSocket {port}\nTCPAddr 127.0.0.1\nForeground yes\n"
        f"StreamMaxLength {stream_maximum}\nLogFile {folder / 'clamd.log'}\n"
    )
    with (folder / "clamd.out").open("wb") as output:
        process = subprocess.Popen([program, "--config-file", str(config)], stdout=output, stderr=output)
    clamd = Clamd(path, port, process)
    try:
        _await(path, process, folder)
        yield clamd
    finally:
        clamd.end()


def _await(path: Path, process: subprocess.Popen[bytes], folder: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket(socket.AF_UNIX) as probe:
            if path.exists() and not probe.connect_ex(str(path)):
                return
        time.sleep(0.05)
    raise RuntimeError(f"clamd did not come up:\n{(folder / 'clamd.out').read_text()}")
