"""The dialogues: each is played to our session word by word, and its replies are compared with aiosmtpd's on loopback."""

import asyncio
from collections import defaultdict
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from aiosmtpd.smtp import SMTP, Envelope
from aiosmtpd.smtp import Session as Peer

from tests.dialogue import HOSTNAME, Dialogue, Player, Step, content_after, octets, paths, read_dialogue, reply

DIALOGUES = [read_dialogue(path) for path in sorted((Path(__file__).parent / "dialogues").glob("*.txt"))]
COMPARED = [dialogue for dialogue in DIALOGUES if not dialogue.ours_alone]


@pytest.mark.parametrize("dialogue", DIALOGUES, ids=lambda dialogue: dialogue.name)
def test_the_session_says_every_word_of_the_dialogue_and_not_one_more(dialogue: Dialogue) -> None:
    Player(dialogue).play()


@pytest.mark.parametrize("dialogue", COMPARED, ids=lambda dialogue: dialogue.name)
def test_aiosmtpd_answers_with_the_same_codes_but_where_the_dialogue_says_why_not(dialogue: Dialogue) -> None:
    oracle = Oracle(dialogue)
    assert asyncio.run(oracle.differences()) == []
    assert oracle.mails == oracle.expected_mails


class Oracle:
    """aiosmtpd, told to give each recipient and each mail the answer that the dialogue gives."""

    def __init__(self, dialogue: Dialogue) -> None:
        self._dialogue = dialogue
        self._to_recipients: dict[str, list[str]] = defaultdict(list)
        self._to_mails: list[str] = []
        self.mails: list[tuple[list[str], bytes]] = []
        self.expected_mails: list[tuple[list[str], bytes]] = []
        questions = [step for step in dialogue.steps if step.kind in {"ask:", "take:"}]
        answers = [step for step in dialogue.steps if step.kind == "answer:"]
        for question, answer in zip(questions, answers, strict=True):
            self._plan(question, answer)

    def _plan(self, question: Step, answer: Step) -> None:
        words = reply(answer).encode().decode().strip()
        if question.kind == "ask:":
            self._to_recipients[paths(question)[1]].append(words)
        elif not self._refused_by_aiosmtpd(answer):
            self._to_mails.append(words)
            self.expected_mails.append((paths(question), content_after(self._dialogue, question)))

    def _refused_by_aiosmtpd(self, answer: Step) -> bool:
        """Whether the dialogue says that aiosmtpd never gets as far as this answer."""
        after = self._dialogue.steps.index(answer) + 2  # what is said comes between
        return any(step.kind == "aiosmtpd:" for step in self._dialogue.steps[after : after + 1])

    async def handle_RCPT(self, _server: SMTP, _peer: Peer, mail: Envelope, address: str, _options: list[str]) -> str:  # noqa: N802 - aiosmtpd's name
        answers = self._to_recipients[address]
        answer = answers.pop(0) if answers else "250 nobody asked"
        if answer.startswith("2"):
            mail.rcpt_tos.append(address)
        return answer

    async def handle_DATA(self, _server: SMTP, _peer: Peer, mail: Envelope) -> str:  # noqa: N802 - aiosmtpd's name
        self.mails.append(([mail.mail_from or "", *mail.rcpt_tos], mail.original_content or b""))
        return self._to_mails.pop(0) if self._to_mails else "250 nobody asked"

    async def differences(self) -> list[str]:
        """Where aiosmtpd answers otherwise than the dialogue says that it does."""
        size = self._dialogue.limits.message_size
        server = await asyncio.get_running_loop().create_server(
            lambda: SMTP(self, hostname=HOSTNAME, data_size_limit=size, enable_SMTPUTF8=False), "127.0.0.1", 0
        )
        reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
        try:
            return [line async for line in _differences(self._dialogue, reader, writer)]
        finally:
            writer.close()
            server.close()


async def _differences(dialogue: Dialogue, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> AsyncIterator[str]:
    steps = dialogue.steps
    for step, after in zip(steps, [*steps[1:], None], strict=True):
        if step.kind in {"C:", "C>"}:
            writer.write(octets(step))
        if step.kind == "S:" and step.text[3:4] != "-":
            expected = after.text[:3] if after and after.kind == "aiosmtpd:" else step.text[:3]
            code = await _code(reader)
            if code != expected:
                yield f"{dialogue.name}:{step.number}: aiosmtpd says {code}, not {expected}"


async def _code(reader: asyncio.StreamReader) -> str:
    """The code of the next reply, whatever its length."""
    async with asyncio.timeout(5):
        while True:
            line = (await reader.readline()).decode()
            if line[3:4] != "-":
                return line[:3]
