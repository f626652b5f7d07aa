"""The known addresses of both sides, replaced by their aliases wherever they stand: subject, text, HTML, text files, file
names; and the mail's own trace, replaced by a mark.

A file whose content cannot be rewritten but shows one of them is withheld. Addresses of strangers are not touched here.
"""

from collections.abc import Sequence
from dataclasses import replace

from postern.language import say
from postern.mail import spelling
from postern.mail.letter import Attachment, Draft, Passage
from postern.mail.telling import telling_words
from postern.model.contact_policy import Treatment

Spellings = Sequence[tuple[str, str]]


def replace_addresses(draft: Draft, passage: Passage) -> Draft:
    """The step."""
    spellings = _spellings(passage)
    letter = draft.letter
    subject, in_subject = spelling.replace(letter.subject, spellings)
    text, in_text = spelling.replace(letter.text or "", spellings)
    html, in_html = spelling.replace(letter.html or "", spellings, markup=True)
    kept, withheld = _sort_files(letter.attachments, spellings)
    rewritten = replace(
        letter,
        subject=subject,
        text=text if letter.text is not None else None,
        html=html if letter.html is not None else None,
        attachments=tuple(_rewrite_file(file, spellings) for file in kept),
    )
    count = in_subject + in_text + in_html
    changes = ((f"addresses replaced: {count}",) if count else ()) + (
        (f"attachments withheld, for they show an address: {len(withheld)}",) if withheld else ()
    )
    names = (*draft.withheld, *(file.file_name for file in withheld))
    return replace(draft.but(rewritten, *changes), withheld=tuple(spelling.replace(name, spellings)[0] for name in names))


def name_without_addresses(name: str, passage: Passage) -> str:
    """A display name, which may be an address: many people are registered under theirs."""
    return spelling.replace(name, _known(passage))[0]


def _spellings(passage: Passage) -> Spellings:
    """What is replaced by what."""
    hidden = say(passage.language, "[hidden]")
    telling = telling_words(passage) if passage.contact_policy.telling is Treatment.MASK else ()
    return [*_known(passage), *((word, hidden) for word in (*passage.trace, *telling))]


def _known(passage: Passage) -> list[tuple[str, str]]:
    return [(address.canonical(), alias) for address, alias in passage.known_addresses]


def _sort_files(files: Sequence[Attachment], spellings: Spellings) -> tuple[list[Attachment], list[Attachment]]:
    kept: list[Attachment] = []
    withheld: list[Attachment] = []
    for file in files:
        leaks = not file.media_type.startswith("text/") and bool(spelling.present_in_octets(file.content, spellings))
        (withheld if leaks else kept).append(file)
    return kept, withheld


def _rewrite_file(file: Attachment, spellings: Spellings) -> Attachment:
    """Text files are UTF-8 here: the step before saw to it."""
    name, _ = spelling.replace(file.file_name, spellings)
    if not file.media_type.startswith("text/"):
        return replace(file, file_name=name)
    text, count = spelling.replace(file.content.decode("utf-8", "replace"), spellings)
    return replace(file, file_name=name, content=text.encode("utf-8") if count else file.content)
