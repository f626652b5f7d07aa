"""How many files a message may have, how large they may be together (R23), and what they may not be."""

from dataclasses import replace
from pathlib import Path

import pytest

from postern.model.envelope import Mail
from postern.model.limits import Limits
from postern.policy.reasons import ATTACHMENTS_TOO_LARGE, PROGRAM_ATTACHED, TOO_MANY_ATTACHMENTS, Cause, Reason
from tests.people import Town
from tests.people import town as found_town


def with_files(town: Town, *files: bytes) -> Mail:
    """Ann's mail with these text files."""
    parts = "".join(
        f'--b\r\nContent-Type: text/plain\r\nContent-Disposition: attachment; filename="{number}.txt"\r\n\r\n{file.decode()}\r\n'
        for number, file in enumerate(files)
    )
    mail = town.from_ann(Content_Type="multipart/mixed; boundary=b", MIME_Version="1.0")
    head, _, _ = mail.content.partition(b"\r\n\r\n")
    body = f"--b\r\nContent-Type: text/plain\r\n\r\nHello\r\n{parts}--b--\r\n"
    return replace(mail, content=head + b"\r\n\r\n" + body.encode())


@pytest.mark.parametrize(
    "limits, files, reason",
    [
        (Limits(attachments=2), (b"a", b"b"), None),
        (Limits(attachments=2), (b"a", b"b", b"c"), TOO_MANY_ATTACHMENTS),
        (Limits(attachment_bytes=20), (b"x" * 10, b"y" * 10), None),
        (Limits(attachment_bytes=20), (b"x" * 10, b"y" * 11), ATTACHMENTS_TOO_LARGE),
    ],
)
def test_files_up_to_the_limit_pass_and_one_more_is_refused(
    sqlite_url: str, tmp_path: Path, limits: Limits, files: tuple[bytes, ...], reason: Reason | None
) -> None:
    with found_town(sqlite_url, tmp_path, limits) as town:
        assert town.receive(with_files(town, *files)).refusal == (Cause(reason) if reason else None)
        assert len(town.deliver()) == (0 if reason else 1)


def test_a_program_is_refused_by_name_and_nothing_of_the_mail_is_kept(sqlite_url: str, tmp_path: Path) -> None:
    with found_town(sqlite_url, tmp_path) as town:
        refusal = town.receive(with_files(town, b"Hello", b"#!/bin/sh")).refusal
        assert refusal == Cause(PROGRAM_ATTACHED, (("file", "1.txt"),))
        assert "1.txt" in refusal.sentence("en")
        assert not town.deliver()
