"""Contact details that people typed, masked where the marketplace's policy says so; and links that hide where they lead,
always.

A mark in the reader's language stands in the place of each. In HTML the words are looked at as they are shown, whatever tags
stand between; a reference to a masked address, number or host goes, its words stay.
"""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from html import escape, unescape

from postern.language import phrase, say
from postern.mail.contact_details import Allowed, Detail, find_details, host_of, is_below
from postern.mail.contact_words import MESSENGER_HOSTS, SHORTENERS
from postern.mail.letter import Attachment, Draft, Letter, Passage
from postern.mail.marks import split_tags
from postern.mail.steps.markup import words_of
from postern.model.contact_policy import DetailKind, Treatment

_INLINE = re.compile(
    r"</?(?:a|abbr|b|big|cite|code|del|dfn|em|font|i|ins|kbd|q|s|samp|small|span|strike|strong|sub|sup|tt|u|var|wbr)\b"
)
_REFERENCE = re.compile(r' href="([^"]*)"')
_QUOTED_LINE = re.compile(r"^[ \t]*>.*$", re.MULTILINE)


def mask_contact_details(draft: Draft, passage: Passage) -> Draft:
    """The step. Text files are masked like the text; other files are not looked into."""
    treatments = passage.contact_policy.for_author(passage.author)
    masked_kinds = tuple(kind for kind in DetailKind if treatments.of(kind) is Treatment.MASK)
    mask = _Mask(masked_kinds, allowed_in(passage), passage.language)
    letter = draft.letter
    subject, in_subject = mask.text(letter.subject)
    text, in_text = mask.text(letter.text or "")
    html, in_html = mask.markup(letter.html or "")
    masked = replace(
        letter,
        subject=subject,
        text=text if letter.text is not None else None,
        html=html if letter.html is not None else None,
        attachments=tuple(mask.file(file) for file in letter.attachments),
    )
    count = in_subject + max(in_text, in_html)
    return draft.but(masked, *((f"contact details masked: {count}",) if count else ()))


def allowed_in(passage: Passage) -> Allowed:
    """What this marketplace and this pair may always write."""
    hosts = (passage.mail_domain, *passage.own_hosts, *passage.contact_policy.allowed_hosts)
    return Allowed((passage.mail_domain,), tuple(dict.fromkeys(hosts)), passage.order_ids)


def details_in(letter: Letter, allowed: Allowed, kinds: Collection[DetailKind]) -> tuple[tuple[DetailKind, str], ...]:
    """What of these kinds its author typed, and where, once each: for the rules. What is quoted was judged before."""
    if not kinds:
        return ()
    pieces = (
        ("the subject", letter.subject),
        ("the text", _QUOTED_LINE.sub("", letter.text or "")),
        ("the text", _QUOTED_LINE.sub("", words_of(letter.html) if letter.html else "")),
    )
    return tuple(dict.fromkeys((detail.kind, place) for place, words in pieces for detail in find_details(words, allowed, kinds)))


@dataclass(frozen=True, slots=True)
class _Mask:
    kinds: tuple[DetailKind, ...]
    allowed: Allowed
    language: str

    def text(self, text: str) -> tuple[str, int]:
        """The text with marks in it."""
        details = self._to_mask(text)
        return (self._marked(text, 0, list(reversed(details))), len(details)) if details else (text, 0)

    def file(self, file: Attachment) -> Attachment:
        stem, dot, extension = file.file_name.rpartition(".")
        name = self.text(stem)[0] + dot + extension if dot else self.text(extension)[0]
        if not file.media_type.startswith("text/"):
            return replace(file, file_name=name)
        text, count = self.text(file.content.decode("utf-8", "replace"))
        return replace(file, file_name=name, content=text.encode("utf-8") if count else file.content)

    def markup(self, html: str) -> tuple[str, int]:
        """Clean HTML with marks in its words, and without references that are masked."""
        if not html:
            return html, 0
        if " href=" in html:
            html = _REFERENCE.sub(self._reference, html)
        pieces = split_tags(html)
        shown = _shown(pieces)
        details = self._to_mask("".join(shown))
        if not details:
            return html, 0
        self._put_marks(pieces, shown, details)
        return "".join(pieces), len(details)

    def _to_mask(self, text: str) -> list[Detail]:
        return list(find_details(text, self.allowed, self.kinds)) if text else []

    def _masks(self, kind: DetailKind) -> bool:
        return kind in self.kinds

    def _mark(self, kind: DetailKind) -> str:
        sentence = {
            DetailKind.ADDRESS: phrase("[e-mail address removed]"),
            DetailKind.PHONE: phrase("[phone number removed]"),
            DetailKind.MESSENGER: phrase("[messenger contact removed]"),
            DetailKind.LINK: phrase("[link removed]"),
        }[kind]
        return say(self.language, sentence)

    def _reference(self, match: re.Match[str]) -> str:
        url = unescape(match[1]).strip()
        return "" if self._is_masked_reference(url) else match[0]

    def _is_masked_reference(self, url: str) -> bool:
        scheme, _, rest = url.partition(":")
        match scheme.lower():
            case "mailto":
                domain = re.split(r"[?&,]", rest, maxsplit=1)[0].rpartition("@")[2].lower()
                return self._masks(DetailKind.ADDRESS) and domain not in self.allowed.domains
            case "tel":
                return self._masks(DetailKind.PHONE)
        host = host_of(url)
        if is_below(host, self.allowed.hosts):
            return False
        if is_below(host, SHORTENERS):
            return True
        return self._masks(DetailKind.MESSENGER if is_below(host, MESSENGER_HOSTS) else DetailKind.LINK)

    def _put_marks(self, pieces: list[str], shown: Sequence[str], details: Sequence[Detail]) -> None:
        """The mark goes where a detail begins; what else of it stands in later pieces goes."""
        waiting = list(reversed(details))
        position = 0
        for number, words in enumerate(shown):
            end = position + len(words)
            if number % 2 == 0 and waiting and waiting[-1].start < end:
                pieces[number] = escape(self._marked(words, position, waiting), quote=False).replace("\u00a0", "&nbsp;")
            position = end

    def _marked(self, words: str, position: int, waiting: list[Detail]) -> str:
        kept: list[str] = []
        marks = {kind: self._mark(kind) for kind in DetailKind}
        at, end = position, position + len(words)
        while waiting and waiting[-1].start < end:
            detail = waiting[-1]
            kept.append(words[at - position : max(at, detail.start) - position])
            if detail.start >= position:
                kept.append(marks[detail.kind])
            at = min(detail.end, end)
            if detail.end > end:
                break
            waiting.pop()
        return "".join((*kept, words[at - position :]))


def _shown(pieces: Sequence[str]) -> list[str]:
    """What each piece of split HTML shows: words undone, a tag that breaks a line as one, any other tag as nothing."""
    breaks = {tag: "" if _INLINE.match(tag) else "\n" for tag in set(pieces[1::2])}  # few tags are written in many ways
    shown = list(pieces)
    shown[::2] = [unescape(words) if "&" in words else words for words in pieces[::2]]
    shown[1::2] = [breaks[tag] for tag in pieces[1::2]]
    return shown
