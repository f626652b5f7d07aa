"""The files that travel on: of a kind that can be cleaned, cleaned, under a name that fits. `mail/files` decides and cleans.

All others are withheld, and the reader is told their names. What an attached mail or a winmail.dat holds comes out first.
"""

import re
import secrets
from dataclasses import replace

from postern.language import say
from postern.mail.files.budget import Budget
from postern.mail.files.cleaning import clean
from postern.mail.files.wrappings import unwrapped
from postern.mail.letter import Attachment, Draft, Passage

_SOURCE = re.compile(r'(<img\b[^<>]*? src=")cid:([^"]*)(")', re.IGNORECASE)


def sort_attachments(draft: Draft, passage: Passage) -> Draft:
    """The step: files of the allowed kinds, under our own names for what HTML shows, and the names of the withheld ones."""
    letter, language = draft.letter, passage.language
    budget = Budget(passage.limits)
    kept: list[Attachment] = []
    withheld: list[str] = []
    for file in unwrapped(letter.attachments, passage.limits):
        cleaned = clean(file, budget, language)
        if cleaned.file and len(kept) < passage.limits.attachments:
            kept.append(cleaned.file)
            withheld += cleaned.withheld
        else:
            withheld.append(name_of(file, language))
    html, shown = _name_images(letter.html, kept)
    files = tuple(replace(known, content_id=shown.get(known.content_id, "")) for known in kept)
    changes = (f"attachments withheld: {len(withheld)}",) if withheld else ()
    return replace(draft.but(replace(letter, html=html, attachments=files), *changes), withheld=(*draft.withheld, *withheld))


def withhold_all(draft: Draft, language: str) -> Draft:
    """Every file withheld: for the mail that is built again as text only."""
    names = tuple(name_of(file, language) for file in draft.letter.attachments)
    return replace(draft, letter=replace(draft.letter, attachments=()), withheld=(*draft.withheld, *names))


def name_of(file: Attachment, language: str) -> str:
    """What the reader is told a withheld file was."""
    if file.file_name:
        return file.file_name
    return say(language, "an attached mail") if file.media_type.startswith("message/") else say(language, "a file without a name")


def _name_images(html: str | None, files: list[Attachment]) -> tuple[str | None, dict[str, str]]:
    """Give each image that the HTML shows a Content-ID of ours; say which became which. Other images in it are dropped."""
    known = {file.content_id: file for file in files if file.content_id and file.media_type.startswith("image/")}
    given: dict[str, str] = {}

    def rename(source: re.Match[str]) -> str:
        if source[2] not in known:
            return f"{source[1]}{source[3]}"
        given.setdefault(source[2], f"{secrets.token_hex(8)}@image")
        return f"{source[1]}cid:{given[source[2]]}{source[3]}"

    return (_SOURCE.sub(rename, html) if html else html), given
