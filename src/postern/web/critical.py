"""The public page "Send a critical message": what an opt-out lets through, and how (R12). The bounce that links here says the
same in the same words. It looks nothing up and asks nobody who they are.
"""

from litestar import Response

from postern.language import known_languages, name_of
from postern.mail.notices.critical import PAGE, explain_critical
from postern.web.languages import choose_language
from postern.web.pages import Pages, show

__all__ = ["PAGE", "tell"]


def tell(pages: Pages, asked: str, accepted: str) -> Response[bytes]:
    """The page in the language of the URL, else in the best of ``Accept-Language``, else in English."""
    language = choose_language(asked, accepted)
    answer = show(
        pages,
        "critical.html",
        language,
        explained=explain_critical(language),
        languages=known_languages(),
        name_of=name_of,
    )
    answer.set_header("Content-Language", language)
    answer.set_header("Vary", "Accept-Language")
    return answer
