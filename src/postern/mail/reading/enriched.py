"""Enriched text (RFC 1896) and its elder brother richtext (RFC 1341), read as the plain words in it."""

import re

_COMMAND = re.compile(r"<<|<(/?)([A-Za-z0-9-]{0,60})>")
_BREAK = re.compile(r"\n+")
_UNSEEN = frozenset({"param", "comment"})
_BREAKS = {"nl": "\n", "np": "\n\n"}


def words_of(text: str) -> str:
    """The words, without formatting commands and parameters. One line break is a space, of more one less counts."""
    text = _BREAK.sub(lambda run: " " if len(run[0]) == 1 else run[0][1:], text)
    pieces: list[str] = []
    unseen = 0
    position = 0
    for command in _COMMAND.finditer(text):
        if not unseen:
            pieces.append(text[position : command.start()])
        position = command.end()
        name = (command[2] or "").lower()
        if name in _UNSEEN:
            unseen = max(0, unseen + (-1 if command[1] else 1))
        elif not unseen:
            pieces.append("<" if command[0] == "<<" else _BREAKS.get(name, ""))
    if not unseen:
        pieces.append(text[position:])
    return "".join(pieces)
