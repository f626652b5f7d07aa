"""What a page says when it cannot do what was asked: what happened, and what to do. Never how we are built, and never a token."""

import logging
from functools import partial
from urllib.parse import quote

from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException, NotFoundException
from litestar.types import ExceptionHandlersMap

from postern.errors import DamagedError, NotFoundError, StoreError, TokenError
from postern.language import DEFAULT_LANGUAGE, say
from postern.web.desk.visit import NotAllowedError, NotSignedInError, go
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


def _not_allowed(pages: Pages, _asked: Asked, error: NotAllowedError) -> Response[bytes]:
    title = say(DEFAULT_LANGUAGE, "This is not possible")
    return _notice(pages, 403, title, f"{error}"[:1].upper() + f"{error}"[1:] + ".")


def _link_expired(pages: Pages, _asked: Asked, error: LinkExpiredError) -> Response[bytes]:
    language = error.language
    return show_notice(
        pages,
        say(language, "This link has expired"),
        say(language, "Use the link in a newer mail of the conversation, or answer the mail itself."),
        language=language,
        status=410,
    )


def _link_unknown(pages: Pages, _asked: Asked, _error: TokenError) -> Response[bytes]:
    return _notice(
        pages,
        404,
        say(DEFAULT_LANGUAGE, "This link does not work"),
        say(DEFAULT_LANGUAGE, "Some mail programs break long links in two. Copy the whole link from the mail and try again."),
    )


def _message_gone(pages: Pages, asked: Asked, _error: Exception) -> Response[bytes]:
    if asked.url.path.startswith("/s/"):  # another seller's, or nobody's: both say the same
        return _refused(pages, asked, NotFoundException())
    return _notice(
        pages,
        404,
        say(DEFAULT_LANGUAGE, "There is nothing to do here"),
        say(DEFAULT_LANGUAGE, "The message that this link belongs to is not kept any more, so you can delete the mail."),
    )


def _store_away(pages: Pages, _asked: Asked, error: StoreError) -> Response[bytes]:
    _log.warning("a page cannot be shown: %s", error)
    answer = _notice(
        pages,
        503,
        say(DEFAULT_LANGUAGE, "Not possible right now"),
        say(DEFAULT_LANGUAGE, "Please try again in a minute. Trying twice does no harm."),
    )
    answer.set_header("Retry-After", str(RETRY_SECONDS))
    return answer


def _too_slow(pages: Pages, _asked: Asked, _error: TimeoutError) -> Response[bytes]:
    return _notice(
        pages,
        408,
        say(DEFAULT_LANGUAGE, "This took too long"),
        say(DEFAULT_LANGUAGE, "Your form did not arrive in time. Please send it again."),
    )


def _refused(pages: Pages, _asked: Asked, error: HTTPException) -> Response[bytes]:
    titles = {
        403: say(DEFAULT_LANGUAGE, "This did not come from our pages"),
        404: say(DEFAULT_LANGUAGE, "There is no such page"),
        405: say(DEFAULT_LANGUAGE, "This page cannot be used that way"),
        413: say(DEFAULT_LANGUAGE, "This is too long"),
    }
    remedies = {
        403: say(DEFAULT_LANGUAGE, "Nothing was changed. Open the page here and try again."),
        404: say(DEFAULT_LANGUAGE, "Check the address, or follow the link in your mail again."),
        413: say(DEFAULT_LANGUAGE, "Please shorten your text and send it again."),
    }
    title = titles.get(error.status_code, say(DEFAULT_LANGUAGE, "This could not be understood"))
    remedy = remedies.get(error.status_code, say(DEFAULT_LANGUAGE, "Please follow the link in your mail again."))
    answer = _notice(pages, error.status_code, title, remedy)
    for name, value in (error.headers or {}).items():  # Allow, which RFC 9110 15.5.6 demands
        answer.set_header(name, value)
    return answer


def _our_fault(pages: Pages, _asked: Asked, error: Exception) -> Response[bytes]:
    _log.error("a page ended in an error of ours: %s", type(error).__name__, exc_info=error)
    return _notice(
        pages,
        500,
        say(DEFAULT_LANGUAGE, "Something went wrong on our side"),
        say(DEFAULT_LANGUAGE, "Please try again later. If it stays like this, tell the marketplace."),
    )


def _notice(pages: Pages, status: int, title: str, remedy: str) -> Response[bytes]:
    return show_notice(pages, title, remedy, status=status)
