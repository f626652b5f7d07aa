"""The main program of one pool process: reads jobs from its parent, answers each with what to write. Started by wiring only."""

import sys
from pathlib import Path

from postern.actions.receive_mail import prepare
from postern.model.envelope import Mail
from postern.smtp.pool import limit_memory, serve_jobs
from postern.wiring import build_house


def main() -> None:
    """``python -m postern.pool_process CONFIG MEMORY SECONDS``."""
    house = build_house(Path(sys.argv[1]))
    reader = house.open_reader(connections=1)
    limit_memory(int(sys.argv[2]))

    def work(job: object) -> object:
        if not isinstance(job, Mail):
            raise TypeError("a mail is expected")
        with reader.look() as look:
            return prepare(look, house.frame, job)

    serve_jobs(work, int(sys.argv[3]))


if __name__ == "__main__":
    main()
