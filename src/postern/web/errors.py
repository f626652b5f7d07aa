"""What a page says when it cannot do what was asked: what happened, and what to do. Never how we are built, and never a token.

Of whoever asks nothing is known but what the browser accepts, so that is the language.
"""

import logging
from functools import partial
from urllib.parse import quote

from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException, NotFoundException
from litestar.types import ExceptionHandlersMap

from postern.errors import DamagedError, NotFoundError, StoreError, TokenError
from postern.language import say
from postern.web.desk.visit import NotAllowedError, NotSignedInError, go
from postern.web.languages import accepted_by
from postern.web.links import LinkExpiredError
from postern.web.pages import Pages, show_notice

RETRY_SECONDS = 30
_log = logging.getLogger(__name__)

Asked = Request[object, object, State]


def answer_errors(pages: Pages) -> ExceptionHandlersMap:
    """Who answers which error; the class nearest to the error's own counts."""
    return {
        NotSignedInError: partial(_sign_in_first, pages),
        NotAllowedError: partial(_not_allowed, pages),
        LinkExpiredError: partial(_link_expired, pages),
        TokenError: partial(_link_unknown, pages),
        NotFoundError: partial(_message_gone, pages),
        DamagedError: partial(_message_gone, pages),
        StoreError: partial(_store_away, pages),
        TimeoutError: partial(_too_slow, pages),
        HTTPException: partial(_refused, pages),
        Exception: partial(_our_fault, pages),
    }


def _sign_in_first(pages: Pages, _asked: Asked, error: NotSignedInError) -> Response[bytes]:
    back = f"?next={quote(error.back_to)}" if error.back_to else ""
    return go(pages.frame, f"/sign-in{back}")


def _not_allowed(pages: Pages, asked: Asked, error: NotAllowedError) -> Response[bytes]:
    language = accepted_by(asked)
    title = say(language, "This is not possible")
    return _notice(pages, language, 403, title, say(language, f"{error}"))


def _link_expired(pages: Pages, _asked: Asked, error: LinkExpiredError) -> Response[bytes]:
    language = error.language
    return show_notice(
        pages,
        say(language, "This link has expired"),
        say(language, "Use the link in a newer mail of the conversation, or answer the mail itself."),
        language=language,
        status=410,
    )


def _link_unknown(pages: Pages, asked: Asked, _error: TokenError) -> Response[bytes]:
    language = accepted_by(asked)
    return _notice(
        pages,
        language,
        404,
        say(language, "This link does not work"),
        say(language, "Some mail programs break long links in two. Copy the whole link from the mail and try again."),
    )


def _message_gone(pages: Pages, asked: Asked, _error: Exception) -> Response[bytes]:
    if asked.url.path.startswith("/s/"):  # another seller's, or nobody's: both say the same
        return _refused(pages, asked, NotFoundException())
    language = accepted_by(asked)
    return _notice(
        pages,
        language,
        404,
        say(language, "There is nothing to do here"),
        say(language, "The message that this link belongs to is not kept any more, so you can delete the mail."),
    )


def _store_away(pages: Pages, asked: Asked, error: StoreError) -> Response[bytes]:
    language = accepted_by(asked)
    _log.warning("a page cannot be shown: %s", error)
    answer = _notice(
        pages,
        language,
        503,
        say(language, "Not possible right now"),
        say(language, "Please try again in a minute. Trying twice does no harm."),
    )
    answer.set_header("Retry-After", str(RETRY_SECONDS))
    return answer


def _too_slow(pages: Pages, asked: Asked, _error: TimeoutError) -> Response[bytes]:
    language = accepted_by(asked)
    return _notice(
        pages,
        language,
        408,
        say(language, "This took too long"),
        say(language, "Your form did not arrive in time. Please send it again."),
    )


def _refused(pages: Pages, asked: Asked, error: HTTPException) -> Response[bytes]:
    language = accepted_by(asked)
    titles = {
        403: say(language, "This did not come from our pages"),
        404: say(language, "There is no such page"),
        405: say(language, "This page cannot be used that way"),
        413: say(language, "This is too long"),
    }
    remedies = {
        403: say(language, "Nothing was changed. Open the page here and try again."),
        404: say(language, "Check the address, or follow the link in your mail again."),
        413: say(language, "Please shorten your text and send it again."),
    }
    title = titles.get(error.status_code, say(language, "This could not be understood"))
    remedy = remedies.get(error.status_code, say(language, "Please follow the link in your mail again."))
    answer = _notice(pages, language, error.status_code, title, remedy)
    for name, value in (error.headers or {}).items():  # Allow, which RFC 9110 15.5.6 demands
        answer.set_header(name, value)
    return answer


def _our_fault(pages: Pages, asked: Asked, error: Exception) -> Response[bytes]:
    language = accepted_by(asked)
    _log.error("a page ended in an error of ours: %s", type(error).__name__, exc_info=error)
    return _notice(
        pages,
        language,
        500,
        say(language, "Something went wrong on our side"),
        say(language, "Please try again later. If it stays like this, tell the marketplace."),
    )


def _notice(pages: Pages, language: str, status: int, title: str, remedy: str) -> Response[bytes]:
    answer = show_notice(pages, title, remedy, language=language, status=status)
    answer.set_header("Vary", "Accept-Language")
    return answer
