"""The main program of one pool process: reads jobs from its parent, answers each with what to write. Started by serving only."""

import sys
from pathlib import Path

from postern.actions.receive_mail import Job, prepare
from postern.smtp.pool import limit_memory, serve_jobs
from postern.wiring import build_house, signer


def main() -> None:
    """``python -m postern.pool_process CONFIG MEMORY SECONDS``."""
    house = build_house(Path(sys.argv[1]))
    reader = house.open_reader(connections=1)
    limit_memory(int(sys.argv[2]))

    sign = signer(house.settings)

    def work(job: object) -> object:
        if not isinstance(job, Job):
            raise TypeError("a job is expected")
        with reader.look() as look:
            return prepare(look, house.frame, job.mail, sign if job.may_leave_at_once else None)

    serve_jobs(work, int(sys.argv[3]))


if __name__ == "__main__":
    main()
