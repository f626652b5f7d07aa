"""The child programs of the pool's tests: ``python pool_children.py [CONFIG] MEMORY SECONDS``.

Without CONFIG it does what each job says, most of which no reader should. With CONFIG it reads mails as the real one does, but a
mail that holds a misdeed's name in brackets makes it commit it.
"""

import os
import re
import signal
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from postern.errors import NotFoundError
from postern.smtp.pool import limit_memory, serve_jobs


def _spin() -> None:
    while True:
        pass


def _refuse() -> None:
    raise NotFoundError("it is not here")


def _stumble() -> None:
    raise ValueError("over ann@mail.test")


def _print() -> None:
    print("to be", flush=True)  # noqa: T201 - the misdeed
    os.write(1, b"or not to be\n")


MISDEEDS: Mapping[str, Callable[[], object]] = {
    "spin": _spin,
    "exit": lambda: os._exit(3),
    "kill": lambda: os.kill(os.getpid(), signal.SIGKILL),
    "grow": lambda: len(bytearray(2**31)),
    "stumble": _stumble,
    "refuse": _refuse,
    "print": _print,
    "sleep": lambda: time.sleep(0.3),
}


def do_as_told(job: object) -> object:
    """``(misdeed, answer)``; or ``(misdeed, folder, times)``: the misdeed so many times, then the pids that committed it."""
    match job:
        case (str(misdeed), Path() as folder, int(times)):
            if len(list(folder.iterdir())) >= times:
                return sorted(int(file.name) for file in folder.iterdir())
            (folder / str(os.getpid())).touch()
            return MISDEEDS[misdeed]()
        case (str(misdeed), answer):
            MISDEEDS[misdeed]()
            return answer
    return os.getpid() if job == "pid" else job


def read_mails(config: Path) -> Callable[[object], object]:
    from postern.actions.receive_mail import Job, prepare  # noqa: PLC0415 - the others do without, and start at once
    from postern.wiring import build_house  # noqa: PLC0415

    house = build_house(config)
    reader = house.open_reader(connections=1)

    def work(job: object) -> object:
        if not isinstance(job, Job):
            raise TypeError("a job is expected")
        misdeed = re.search(rb"\[(\w+)\]", job.mail.content)
        if misdeed:
            MISDEEDS[misdeed[1].decode()]()
        with reader.look() as look:
            return prepare(look, house.frame, job.mail)

    return work


if __name__ == "__main__":
    *config, memory, seconds = sys.argv[1:]
    work = read_mails(Path(config[0])) if config else do_as_told
    limit_memory(int(memory))
    serve_jobs(work, int(seconds))
