"""What a session has to say and to ask, in order: replies that come together go out together (RFC 2920 3.2)."""

from postern.smtp.output import Output, Send
from postern.smtp.reply import Reply


class Speech:
    """Collects replies and other outputs until they are taken."""

    def __init__(self) -> None:
        self._said: list[bytes] = []
        self._outputs: list[Output] = []

    def say(self, reply: Reply) -> None:
        self._said.append(reply.encode())

    def put(self, output: Output) -> None:
        """Something to be done after all that was said so far."""
        self._gather()
        self._outputs.append(output)

    def take(self) -> list[Output]:
        """All of it, once."""
        self._gather()
        outputs, self._outputs = self._outputs, []
        return outputs

    def _gather(self) -> None:
        if self._said:
            self._outputs.append(Send(b"".join(self._said)))
            self._said.clear()
