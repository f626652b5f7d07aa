"""What the kernel was asked for, by strace: the calls of running programs in their order, and calls that are made to fail.

Nothing of the traced program knows of it. Where the machine lets nobody trace, the tests that need it are skipped and say so.
"""

import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

import pytest

_LINE = re.compile(r"^(\d+) +(.*)$")
_CALL = re.compile(r"^(\w+)\((?:(?:AT_FDCWD|\d+)<(.*?)>)?(.*)$")
_RESUMED = re.compile(r"^<\.\.\. (\w+) resumed>(.*)$")
_RESULT = re.compile(r" = (-?\d+)(?: (E[A-Z]+))?[^=]*$")
_UNFINISHED = "<unfinished ...>"
_SECONDS = 20


@dataclass(slots=True)
class Call:
    """One system call: on which file or connection, with what, from when to when (places in the order of all calls)."""

    name: str
    path: str
    words: str = field(repr=False)
    began: int
    ended: int = -1
    result: int = -1
    error: str = ""

    @property
    def succeeded(self) -> bool:
        return self.ended >= 0 and not self.error


@cache
def why_not() -> str:
    """Why nothing can be traced here; empty where it can."""
    if shutil.which("strace") is None:
        return "there is no strace"
    with subprocess.Popen(["sleep", str(_SECONDS)]) as sleeper:
        try:
            with failing([sleeper.pid], "fsync:error=EIO", Path("/dev/null")):
                return ""
        except AssertionError as error:
            return f"this machine lets nobody trace: {error}"
        finally:
            sleeper.kill()


def need_tracing() -> None:
    """Skip the test where nothing can be traced."""
    if reason := why_not():
        pytest.skip(reason)


def traced(log: Path, calls: str, beside: Sequence[int] = ()) -> list[str]:
    """The command line before a program's own that writes its calls, with those of the processes ``beside``, to the log. The
    program is its caller's child all the same.
    """
    attached = [option for pid in beside for option in ("-p", str(pid))] or ["--seccomp-bpf"]  # which is quicker, from the start
    return ["strace", "-D", "-f", "-yy", "-s", "80", "-o", str(log), "-e", f"trace={calls}", "-e", "signal=none", *attached]


def read_calls(log: Path) -> list[Call]:
    """The log's calls, by their beginnings."""
    calls: list[Call] = []
    open_calls: dict[str, Call] = {}
    for number, line in enumerate(log.read_text(errors="replace").splitlines()):
        if not (parsed := _LINE.match(line)):
            continue
        pid, rest = parsed.groups()
        if resumed := _RESUMED.match(rest):
            if call := open_calls.pop(pid, None):
                _end(call, number, resumed[2])
        elif begun := _CALL.match(rest):
            call = Call(begun[1], begun[2] or "", begun[3], number)
            calls.append(call)
            if rest.endswith(_UNFINISHED):
                open_calls[pid] = call
            else:
                _end(call, number, begun[3])
    return calls


def _end(call: Call, number: int, words: str) -> None:
    if result := _RESULT.search(words):
        call.ended, call.result, call.error = number, int(result[1]), result[2] or ""


@contextmanager
def failing(pids: Sequence[int], injected: str, log: Path, calls: str = "") -> Iterator[None]:
    """For this long, a call of these processes fails as strace's ``inject`` says: ``fdatasync:error=EIO:when=3+5``. The log gets
    this call and the others named.
    """
    traced_calls = ",".join(filter(None, (injected.partition(":")[0], calls)))
    attached = [option for pid in pids for option in ("-p", str(pid))]
    command = ["strace", "-f", "-yy", "-s", "80", "-o", str(log), "-e", f"trace={traced_calls}", "-e", f"inject={injected}"]
    with subprocess.Popen([*command, "-e", "signal=none", *attached], stderr=subprocess.PIPE, text=True) as process:
        try:
            _await_attached(process, len(pids))
            yield
        finally:
            process.send_signal(signal.SIGINT)  # it lets go of them
            process.communicate(timeout=_SECONDS)


def _await_attached(process: subprocess.Popen[str], count: int) -> None:
    assert process.stderr is not None
    for _ in range(count):
        line = process.stderr.readline()
        assert "attached" in line or "No such process" in line, line  # one may have ended in the meantime


def below(pid: int) -> list[int]:
    """This process and all that it has started."""
    found = [pid]
    for one in found:
        for task in Path(f"/proc/{one}/task").glob("*/children"):
            found.extend(int(child) for child in task.read_text().split())
    return found


PYTHON = (sys.executable, "-m", "postern")
