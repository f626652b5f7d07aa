"""The catalogue of reasons as a page of the manual, in Markdown: whoever met a reason's code finds here what it means.

It says nothing that ``reasons.py`` does not say; a test holds the page in ``docs/`` to it.
"""

from collections.abc import Iterable

from postern.policy import reasons
from postern.policy.reasons import Reason

_INTRODUCTION = """\
# Reasons

Every reason why a mail does not simply pass: the code that programs compare, the SMTP reply, what happened, what to do next, and
how the mail's author is told. What stands in `{braces}` is filled in for each mail. Notices say the same sentences in their
reader's language. Where a mail to several aliases is refused at some of them only, a notice takes the place of the reply.

This page is made from `src/postern/policy/reasons.py`. After a change there: `postern reasons > docs/reasons.md`
"""


def write_page(catalogue: Iterable[Reason] = reasons.ALL) -> str:
    """The page."""
    return "\n".join((_INTRODUCTION, *map(_section, catalogue)))


def _section(reason: Reason) -> str:
    return (
        f"## {reason.code}\n\n"
        f"`{reason.status} {reason.enhanced}` {_plain(reason.sentence)}\n\n"
        f"- What to do: {_plain(reason.remedy)}\n"
        f"- The author is told {_plain(reason.told)}.\n"
    )


def _plain(words: str) -> str:
    """Words that Markdown shows as they are."""
    return "".join(f"\\{letter}" if letter in "\\`*_<>[]" else letter for letter in words)
