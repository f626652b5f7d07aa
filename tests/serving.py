"""Postern as an operator has it: a folder made by `postern init`, and `postern serve` as a process of its own.

Nothing of the server runs in the test's process, so it can be killed, stopped and starved like the real thing.
"""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path

from sqlalchemy import func, select

from postern.actions.find_aliases import find_aliases
from postern.actions.keep_queue import retry
from postern.installation import install as make_installation
from postern.model.relationship import Relationship
from postern.settings import load_settings
from postern.storage.engine import open_writer, read_url
from postern.storage.migrate import migrate
from postern.storage.schema import delivery, message
from postern.wiring import build_house

MAIL_DOMAIN = "marketplace.example"
COMMAND_SECONDS = 60
START_SECONDS = 60
STOP_SECONDS = 40
_POSTERN = (sys.executable, "-m", "postern")

Section = Mapping[str, str | int]
Record = Mapping[str, object]


@dataclass(frozen=True, slots=True)
class Count:
    """What the store holds: messages in the record, and deliveries that still wait."""

    messages: int
    waiting: int


@dataclass(slots=True)
class Served:
    """One `postern serve`, in a process group of its own. ``ready_after`` is the time from its start to the 220, in seconds."""

    process: subprocess.Popen[bytes] = field(repr=False)
    log: Path
    ready_after: float

    def kill(self) -> None:
        """SIGKILL to serve and its pool at once, as a power cut would."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(STOP_SECONDS)

    def stop(self) -> int:
        """SIGTERM, then wait until it has drained. Answers its status."""
        self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.wait(STOP_SECONDS)
        finally:
            self.kill()


@dataclass(frozen=True, slots=True)
class Installation:
    """One folder with settings, keys and, on SQLite, the store."""

    config: Path
    smtp_port: int
    web_port: int
    next_hop_port: int

    def run(self, command: str, *arguments: str) -> str:
        """A `postern` command to its end: what it printed. Raises CalledProcessError."""
        line = [*_POSTERN, *command.split(), *arguments, "--config", str(self.config)]
        return subprocess.run(line, check=True, capture_output=True, text=True, timeout=COMMAND_SECONDS).stdout

    def twin(self) -> "Installation":
        """The same installation on other ports, as a second server of it has them; its store must be one that lets itself be
        shared.
        """
        config = self.config.with_name("twin.toml")
        shutil.copy(self.config, config)
        twin = replace(self, config=config, smtp_port=free_port(), web_port=free_port())
        doors = {"smtp": twin.smtp_port, "web": twin.web_port}
        change_settings(config, {name: {"listen": f"127.0.0.1:{port}"} for name, port in doors.items()})
        return twin

    def enforce(self, zone: str) -> None:
        """From the next start on senders must be proved, by what this zone file says."""
        file = self.config.with_name("our.zone")
        file.write_text(zone)
        change_settings(self.config, {"authentication": {"mode": "enforce"}, "dns": {"zone_file": str(file)}})

    def import_feed(self, records: Sequence[Record]) -> None:
        feed = self.config.with_name("feed.jsonl")
        feed.write_text("".join(json.dumps(record) + "\n" for record in records))
        self.run("import", str(feed))

    def find_pairs(self, names: Sequence[tuple[str, str]]) -> list[Relationship]:
        """The aliases of these (seller, buyer), minted on first need, as `postern alias` does one at a time."""
        house = build_house(self.config)
        store = house.open_store()
        try:
            return [find_aliases(store, house.clock, seller, buyer) for seller, buyer in names]
        finally:
            store.close()

    def count(self) -> Count:
        """Look into the store, beside the server."""
        reader = build_house(self.config).open_reader(connections=1)
        try:
            with reader.look() as look:
                messages, waiting = (
                    look.connection.execute(select(func.count()).select_from(table)).scalar_one() for table in (message, delivery)
                )
        finally:
            reader.close()
        return Count(messages, waiting)

    def empty_queue(self, seconds: float) -> None:
        """Return once nothing waits; what was put off is tried at once, as by `postern queue retry`. Raises TimeoutError."""
        house = build_house(self.config)
        store = house.open_store()
        try:
            deadline = time.monotonic() + seconds
            while self.count().waiting:
                if time.monotonic() > deadline:
                    raise TimeoutError(f"deliveries still wait:\n{self.run('queue list')}")
                retry(store, house.clock, None)
                time.sleep(0.3)
        finally:
            store.close()

    def start(self, program: Sequence[str] = _POSTERN, role: str = "all") -> Served:
        """Start `serve` and wait for its 220; its log goes on in the same file."""
        log = self.config.with_suffix(".log")
        began_at = time.monotonic()
        with log.open("ab") as output:
            process = subprocess.Popen(
                [*program, "serve", "--role", role, "--config", str(self.config)],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        served = Served(process, log, 0.0)
        try:
            _await_greeting(self.smtp_port, process, log)
        except BaseException:
            served.kill()
            raise
        served.ready_after = time.monotonic() - began_at
        return served

    @contextmanager
    def serving(self, program: Sequence[str] = _POSTERN, role: str = "all") -> Iterator[Served]:
        """`serve` for this long, drained at the end."""
        served = self.start(program, role)
        try:
            yield served
        finally:
            if served.process.poll() is None:
                served.stop()


def install(folder: Path, store_url: str, next_hop_port: int, limits: Section | None = None) -> Installation:
    """What `postern init` and `postern migrate` do, on free ports of the loopback."""
    installation = initialise(folder, store_url, next_hop_port, limits)
    engine = open_writer(read_url(load_settings(installation.config).store.url))
    migrate(engine)
    engine.dispose()
    return installation


def initialise(folder: Path, store_url: str, next_hop_port: int, limits: Section | None = None) -> Installation:
    """What `postern init` alone does: there is no store yet."""
    make_installation(folder, MAIL_DOMAIN)
    smtp_port, web_port = free_port(), free_port()
    installation = Installation(folder / "postern.toml", smtp_port, web_port, next_hop_port)
    change_settings(
        installation.config,
        {
            "service": {"public_url": f"http://127.0.0.1:{web_port}"},
            "store": {"url": store_url},
            "smtp": {"listen": f"127.0.0.1:{smtp_port}"},
            "delivery": {"next_hop": f"smtp://127.0.0.1:{next_hop_port}"},
            "limits": limits or {},
        },
    )
    return installation


def free_port() -> int:
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def change_settings(config: Path, changes: Mapping[str, Section]) -> None:
    """Write the settings anew with these keys changed. Comments go; nobody reads this copy."""
    settings = tomllib.loads(config.read_text())
    for section, keys in changes.items():
        settings.setdefault(section, {}).update(keys)
    lines: list[str] = []
    for section, content in settings.items():
        for table in content if isinstance(content, list) else [content]:
            lines.append(f"[[{section}]]" if isinstance(content, list) else f"[{section}]")
            lines.extend(f"{key} = {json.dumps(value)}" for key, value in table.items())
    config.write_text("\n".join(lines) + "\n")


def _await_greeting(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1) as probe:
            if probe.recv(4) == b"220 ":
                return
        time.sleep(0.01)
    raise RuntimeError(f"serve did not come up:\n{log.read_text()[-4000:]}")
