"""Which parts of a mail are what the author wrote, and how they make one text and one HTML.

Of alternatives the last of each kind counts (RFC 2046 5.1.4); what stands side by side is put one below the other.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from html import escape

from postern.mail.reading.charsets import decode, decode_html
from postern.mail.reading.enriched import words_of
from postern.mail.reading.flowed import unfold
from postern.mail.reading.parts import Part
from postern.model.limits import Limits

_ENRICHED = frozenset({"text/enriched", "text/richtext"})
# Other renderings of the same words, which some programs add to text and HTML.
_FURTHER_RENDERINGS = _ENRICHED | {"text/watch-html", "text/x-amp-html", "text/x-watch-html"}
# Texts that are files for programs. Any other text is shown as one (RFC 2046 4.1.4).
_FILES = frozenset(
    {
        "text/calendar",
        "text/css",
        "text/csv",
        "text/directory",
        "text/ecmascript",
        "text/javascript",
        "text/rfc822-headers",
        "text/rtf",
        "text/tab-separated-values",
        "text/uri-list",
        "text/vcard",
        "text/x-calendar",
        "text/x-moz-deleted",
        "text/x-pgp-signature",
        "text/x-vcalendar",
        "text/x-vcard",
        "text/xml",
    }
)


@dataclass(frozen=True, slots=True)
class Body:
    """The words of a mail or of a part, as text, as HTML, or as both."""

    text: str | None = None
    html: str | None = None
    unreadable: str = ""


def is_body(parts: Sequence[Part], part: Part) -> bool:
    """Whether this part is something the author wrote in the mail, and not a file that came along."""
    if part.is_attached or not part.media_type.startswith("text/"):
        return False
    if part.file_name and not _is_page_with_a_name(parts, part):
        return False
    return part.media_type not in _FILES


def _is_page_with_a_name(parts: Sequence[Part], part: Part) -> bool:
    """Some programs give a name to the HTML that is the whole mail, or one of its alternatives; others show it all the same."""
    return part.media_type == "text/html" and (part.parent < 0 or _is_alternative(parts, part))


def _is_alternative(parts: Sequence[Part], part: Part) -> bool:
    return part.parent >= 0 and parts[part.parent].media_type == "multipart/alternative"


def bodies_of(parts: Sequence[Part], limits: Limits) -> Body:
    """The words of the whole mail: read from the last part to the first, so that children come before their parents."""
    inner: list[list[Body]] = [[] for _ in parts]
    for place in range(len(parts) - 1, -1, -1):
        part = parts[place]
        if part.content is None:
            inner[place].reverse()
            body = _choose(inner[place]) if part.media_type == "multipart/alternative" else _join(inner[place])
        else:
            body = _read(parts, part, limits) if is_body(parts, part) else Body()
        if _size(body) > limits.text_size:
            return Body(unreadable=f"The text of this mail is longer than {limits.text_size} characters.")
        if part.parent < 0:
            return body
        inner[part.parent].append(body)
    return Body()


def _size(body: Body) -> int:
    return max(len(body.text or ""), len(body.html or ""))


def _read(parts: Sequence[Part], part: Part, limits: Limits) -> Body:
    octets = part.content or b""
    if part.media_type == "text/html":
        return Body(html=decode_html(octets, part.charset))
    if part.media_type in _FURTHER_RENDERINGS and _is_alternative(parts, part):
        return Body()
    text = decode(octets, part.charset)
    if len(text) > limits.text_size:
        return Body(text)
    if part.media_type in _ENRICHED:
        return Body(words_of(text))
    return Body(unfold(text, delete_space=part.delete_space) if part.flowed else text)


def _choose(alternatives: list[Body]) -> Body:
    """The best text and the best HTML among alternatives; an empty one is no choice."""
    text = [body.text for body in alternatives if body.text is not None]
    html = [body.html for body in alternatives if body.html is not None]
    return Body(_last_with_words(text), _last_with_words(html))


def _last_with_words(choices: list[str]) -> str | None:
    return next((choice for choice in reversed(choices) if choice.strip()), choices[-1] if choices else None)


def _join(bodies: list[Body]) -> Body:
    """Text below text. Once one of them is HTML the others become HTML too; text remains only if each has it."""
    bodies = [body for body in bodies if (body.text or body.html or "").strip()] or bodies[:1]
    if len(bodies) <= 1:
        return bodies[0] if bodies else Body()
    texts = [body.text for body in bodies if body.text is not None]
    text = "\n\n".join(words.strip("\n") for words in texts) if len(texts) == len(bodies) else None
    if all(body.html is None for body in bodies):
        return Body(text)
    return Body(text, "\n".join(_as_html(body) for body in bodies))


def _as_html(body: Body) -> str:
    if body.html is not None:
        return f"<div>{body.html}</div>"
    return "<div>" + escape(body.text or "").replace("\n", "<br>\n") + "</div>"
