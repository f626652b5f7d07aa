"""The page behind "No response needed": one button (R18)."""

from litestar import Response

from postern.actions.mark_no_response_needed import find_exemptible, mark_no_response_needed
from postern.actions.receiving.passage import NO_RESPONSE_NEEDED
from postern.language import say
from postern.model.remark import AlreadyDone, Door, Remark
from postern.web.links import Linked, follow
from postern.web.pages import Pages, show, show_notice


def ask(pages: Pages, token: str) -> Response[bytes]:
    """The button, or the news that it was pressed before. Changes nothing."""
    linked = follow(pages, NO_RESPONSE_NEEDED, token, Remark.EXEMPTION, find_exemptible)
    if linked.is_remarked:
        return _already_done(pages, linked)
    return show(pages, "no_response_needed.html", linked.language, linked=linked)


def act(pages: Pages, token: str) -> Response[bytes]:
    """The button was pressed."""
    linked = follow(pages, NO_RESPONSE_NEEDED, token, Remark.EXEMPTION, find_exemptible)
    outcome = mark_no_response_needed(pages.store, linked.target, Door.MAIL_LINK, pages.clock.now())
    return _already_done(pages, linked) if isinstance(outcome, AlreadyDone) else _done(pages, linked)


def _done(pages: Pages, linked: Linked) -> Response[bytes]:
    language = linked.language
    return show_notice(
        pages,
        say(language, "Done"),
        say(language, "This message needs no response, and no longer counts in your response times."),
        say(language, "You can close this page."),
        language=language,
    )


def _already_done(pages: Pages, linked: Linked) -> Response[bytes]:
    language = linked.language
    return show_notice(
        pages,
        say(language, "Already done"),
        say(language, "This is already done: the message is marked as needing no response."),
        language=language,
    )
