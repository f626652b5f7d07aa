"""A private PostgreSQL for one run of the tests: made in a temporary folder, on a free port of the loopback, gone afterwards.

It keeps PostgreSQL's promises of durability as shipped, because the tests kill processes and count what is left. It refuses
to stand in for a missing server: where there are no binaries the tests fail and say what to install.
"""

import os
import pwd
import secrets
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

SUPERUSER = "postern"
_START_SECONDS = 30
_STOP_SECONDS = 20
_ROOM = 4_000_000_000  # octets


@dataclass(frozen=True, slots=True)
class Cluster:
    """A running server, and how to reach it; it can be killed, stopped and started again, always on the same port."""

    port: int
    password: str = field(repr=False)
    _server: "_Server" = field(repr=False)

    @property
    def processes(self) -> list[int]:
        """The server's first process, and all that it has started."""
        return self._server.pids()

    @property
    def is_running(self) -> bool:
        return self._server.process.poll() is None

    def start(self) -> None:
        """Start it, and return once it answers. Raises RuntimeError where it does not."""
        self._server.start()
        _await_ready(self._server.process, self, self._server.log)

    def command(self, words: str) -> None:
        """Run one command as its superuser."""
        self._execute(sql.SQL(words))  # type: ignore[arg-type]

    def stop(self) -> None:
        """As an operator does: whoever is connected is thrown out."""
        _stop(self._server.process)

    def kill(self) -> None:
        """SIGKILL to all of its processes."""
        self._server.kill()

    def url(self, database: str) -> str:
        """The database as SQLAlchemy and ``[store] url`` write it."""
        return f"postgresql+psycopg://{SUPERUSER}:{self.password}@127.0.0.1:{self.port}/{database}"

    @contextmanager
    def fresh_database(self, template: str = "template0") -> Iterator[str]:
        """The url of a database that exists for this long: empty, or a copy of one that nobody is connected to. Whoever is
        still connected at the end is thrown out.
        """
        name = f"test_{secrets.token_hex(8)}"
        names = (sql.Identifier(name), sql.Identifier(template))
        self._execute(sql.SQL("CREATE DATABASE {} TEMPLATE {}").format(*names))
        try:
            yield self.url(name)
        finally:
            self._execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))

    def _execute(self, command: sql.Composed) -> None:
        with self.connect() as connection:
            connection.execute(command)

    def connect(self) -> psycopg.Connection:
        """A connection of the test itself, to the cluster's own database, committing each command."""
        return psycopg.connect(
            host="127.0.0.1", port=self.port, user=SUPERUSER, password=self.password, dbname="postgres", autocommit=True
        )


@contextmanager
def running_cluster(disk: Path | None = None, segment_megabytes: int = 16) -> Iterator[Cluster]:
    """Make a cluster, start it, and at the end stop the process that was started and remove its folder. It lies on the disk
    named, with a log of writes in segments of this size.
    """
    binaries = find_binaries()
    owner = _owner()
    folder = Path(tempfile.mkdtemp(prefix="postern-postgresql-", dir=disk or _quick_folder()))
    try:
        if owner:
            shutil.chown(folder, owner)
        port, password = _free_port(), secrets.token_hex(16)
        _make(binaries, folder, owner, (password, segment_megabytes))
        cluster = Cluster(port, password, _Server(binaries, folder, owner, port))
        try:
            cluster.start()
            yield cluster
        finally:
            cluster.stop()
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _quick_folder() -> str | None:
    """Memory, where there is enough of it: each test copies a database, and no test takes the power away."""
    memory = Path("/dev/shm")  # noqa: S108 - mkdtemp makes a folder of our own in it
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > _ROOM:
        return str(memory)
    return None


def find_binaries() -> Path:
    """The folder that holds initdb and postgres: Debian's newest, else the one on PATH."""
    debian = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True)
    on_path = shutil.which("initdb")
    for folder in [*debian, *([Path(on_path).resolve().parent] if on_path else [])]:
        if (folder / "initdb").exists() and (folder / "postgres").exists():
            return folder
    message = "no PostgreSQL server found (initdb and postgres): apt-get install postgresql"
    raise FileNotFoundError(message)


def _owner() -> str | None:
    """Whom the server runs as: PostgreSQL refuses root, so root hands it to another user."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        with suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    message = "PostgreSQL does not run as root, and there is no user postgres or nobody to run it as"
    raise LookupError(message)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _make(binaries: Path, folder: Path, owner: str | None, made: tuple[str, int]) -> None:
    password, segment_megabytes = made
    password_file = folder / "password"
    password_file.write_text(password)
    password_file.chmod(0o600)
    if owner:
        shutil.chown(password_file, owner)
    command = [
        str(binaries / "initdb"),
        f"--pgdata={folder / 'cluster'}",
        f"--username={SUPERUSER}",
        f"--pwfile={password_file}",
        "--auth=scram-sha-256",
        "--encoding=UTF8",
        "--locale=C",
        f"--wal-segsize={segment_megabytes}",
        "--no-sync",  # of the making only; what the tests write is synced
    ]
    with _spawn(command, folder, owner, folder / "initdb.log") as process:
        if process.wait() != 0:
            raise RuntimeError((folder / "initdb.log").read_text())


class _Server:
    """The processes behind a cluster."""

    def __init__(self, binaries: Path, folder: Path, owner: str | None, port: int) -> None:
        self.log = folder / "postgres.log"
        self._folder, self._owner = folder, owner
        self._command = [
            str(binaries / "postgres"),
            *("-D", str(folder / "cluster")),
            *("-p", str(port)),
            *("-c", "listen_addresses=127.0.0.1"),
            *("-c", "unix_socket_directories="),
            *("-c", "max_connections=200"),
        ]
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def process(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            raise AssertionError("not started")
        return self._process

    def start(self) -> None:
        self._process = _spawn(self._command, self._folder, self._owner, self.log)

    def pids(self) -> list[int]:
        first = self.process.pid
        return [first, *(pid for pid, parent in _parents() if parent == first)]

    def kill(self) -> None:
        os.kill(self.process.pid, signal.SIGSTOP)  # it starts nobody in the place of those who are killed
        for pid in reversed(self.pids()):
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        self.process.wait(_STOP_SECONDS)


def _parents() -> Iterator[tuple[int, int]]:
    """Every process, and the one that started it: see proc(5)."""
    for path in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            yield int(path.name), int((path / "stat").read_text().rpartition(")")[2].split()[1])


def _spawn(command: Sequence[str], folder: Path, owner: str | None, log: Path) -> subprocess.Popen[bytes]:
    """Start a program of PostgreSQL's as the server's owner, in a folder it may enter, with nothing of our group or terminal."""
    with log.open("ab") as output:
        return subprocess.Popen(
            command,
            cwd=folder,
            user=owner,
            group=pwd.getpwnam(owner).pw_gid if owner else None,
            extra_groups=[] if owner else None,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _await_ready(process: subprocess.Popen[bytes], cluster: Cluster, log: Path) -> None:
    deadline = time.monotonic() + _START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(psycopg.OperationalError):
            cluster.connect().close()
            return
        time.sleep(0.05)
    raise RuntimeError(log.read_text())


def _stop(process: subprocess.Popen[bytes]) -> None:
    """Fast shutdown (SIGINT), and immediate (SIGQUIT) if that takes too long."""
    if process.poll() is not None:
        return
    process.send_signal(signal.SIGINT)
    try:
        process.wait(_STOP_SECONDS)
    except subprocess.TimeoutExpired:
        process.send_signal(signal.SIGQUIT)
        process.wait(_STOP_SECONDS)
