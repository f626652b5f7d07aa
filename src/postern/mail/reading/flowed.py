"""Flowed text (RFC 3676): paragraphs put together again, with the quote marks in front."""


def unfold(text: str, *, delete_space: bool) -> str:
    """The text with its soft line breaks undone. ``delete_space`` is the DelSp parameter (4.1)."""
    paragraphs: list[str] = []
    open_depth = -1  # quote depth of a paragraph that goes on, or -1
    pieces: list[str] = []
    for line in text.split("\n"):
        content = line.lstrip(">")
        depth = len(line) - len(content)
        content = content.removeprefix(" ")  # space-stuffing (4.4)
        signature = content == "-- "  # never flows (4.3)
        if pieces and (depth != open_depth or signature):
            paragraphs.append("".join(pieces))
            pieces = []
        if not pieces:
            pieces.append(">" * depth + " " if depth else "")
        flows = content.endswith(" ") and not signature
        pieces.append(content[:-1] if flows and delete_space else content)
        open_depth = depth
        if not flows:
            paragraphs.append("".join(pieces))
            pieces = []
    if pieces:
        paragraphs.append("".join(pieces))
    return "\n".join(paragraphs)
