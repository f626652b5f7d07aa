"""The main program of one pool process: reads jobs from its parent, answers each with what to write. Started by serving only."""

import sys
from dataclasses import replace
from pathlib import Path

from postern.actions.receive_mail import Job, prepare
from postern.model.authentication import Mode
from postern.smtp.authentication.answers import Answers
from postern.smtp.authentication.examine import Open, find_open
from postern.smtp.authentication.proving import Errand, Inquiry
from postern.smtp.pool import limit_memory, serve_jobs
from postern.wiring import build_house, examiner, signer


def main() -> None:
    """``python -m postern.pool_process CONFIG MEMORY SECONDS``."""
    house = build_house(Path(sys.argv[1]))
    reader = house.open_reader(connections=1)
    limit_memory(int(sys.argv[2]))

    sign, examine = signer(house.settings), examiner(house.settings)

    def work(task: object) -> object:
        match task:
            case Inquiry(mail, known):
                return find_open(mail, Answers(known), house.frame.limits)
            case Errand(job, known):
                signed_in = job.mail.authentication.mode is Mode.SUBMISSION
                found = job.mail.authentication if signed_in else examine(job.mail, known)
                return found if isinstance(found, Open) else do(replace(job, mail=replace(job.mail, authentication=found)))
            case _:
                raise TypeError("a job is expected")

    def do(job: Job) -> object:
        with reader.look() as look:
            return prepare(look, house.frame, job.mail, sign if job.may_leave_at_once else None)

    serve_jobs(work, int(sys.argv[3]))


if __name__ == "__main__":
    main()
