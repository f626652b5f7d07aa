"""The page behind the link by which an address confirms that it writes for a seller: one button (R20)."""

from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

from litestar import Response

from postern.actions.confirm_sender import Question, confirm_sender, find_question
from postern.errors import NotFoundError, TokenError
from postern.language import say
from postern.mail.characters import one_line
from postern.mail.tokens import read_confirmation_token
from postern.web.languages import choose_language
from postern.web.pages import Pages, show, show_notice

_LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


def ask(pages: Pages, token: str, accepted: str) -> Response[bytes]:
    """The button, or the news that it was pressed before. Changes nothing. Raises TokenError and StoreError."""
    permission_id, is_expired = _read(pages, token)
    question = _find(pages, permission_id)
    if question is None:
        return _nothing(pages, accepted)
    if question.permission.confirmed_at:
        return _tell(pages, question, is_new=False, may_write=question.permission.approved_at is not None)
    if is_expired:
        return _expired(pages, question)
    seller, marketplace = _names(question)
    return show(pages, "confirm_sender.html", question.seller.language, seller=seller, marketplace=marketplace)


def act(pages: Pages, token: str, accepted: str) -> Response[bytes]:
    """The button was pressed. Raises as ``ask`` does."""
    permission_id, is_expired = _read(pages, token)
    question = _find(pages, permission_id)
    if question is None:
        return _nothing(pages, accepted)
    if is_expired and question.permission.confirmed_at is None:
        return _expired(pages, question)
    done = confirm_sender(pages.store, permission_id, pages.clock.now())
    return _tell(pages, question, is_new=done.is_new, may_write=done.may_write)


def _read(pages: Pages, token: str) -> tuple[UUID, bool]:
    keyring = pages.frame.keyring
    try:
        return read_confirmation_token(keyring, token, pages.clock.now()), False
    except TokenError:
        return read_confirmation_token(keyring, token, _LONG_AGO), True  # raises unless only its time is past


def _find(pages: Pages, permission_id: UUID) -> Question | None:
    """None where the seller took it back, or blocked the address."""
    with suppress(NotFoundError), pages.store.look() as look:
        return find_question(look, permission_id)
    return None


def _names(question: Question) -> tuple[str, str]:
    return one_line(question.seller.business_name), one_line(question.marketplace.name)


def _tell(pages: Pages, question: Question, *, is_new: bool, may_write: bool) -> Response[bytes]:
    language = question.seller.language
    seller, marketplace = _names(question)
    sentences = [say(language, "The address to which this link was mailed is confirmed for {seller}.", seller=seller)]
    if may_write:
        sentences.append(say(language, "Mail from it to buyers on {marketplace} is taken now.", marketplace=marketplace))
        sentences.append(say(language, "Mail that was refused before was not kept: please send it again."))
    else:
        sentences.append(say(language, "An owner or manager of {seller} has still to approve it.", seller=seller))
    title = say(language, "Confirmed") if is_new else say(language, "Already done")
    return show_notice(pages, title, *sentences, language=language)


def _expired(pages: Pages, question: Question) -> Response[bytes]:
    language = question.seller.language
    return show_notice(
        pages,
        say(language, "This link has expired"),
        say(
            language,
            "Ask {seller} to add this address once more in Messaging permissions: then a new link is mailed to it.",
            seller=_names(question)[0],
        ),
        language=language,
        status=410,
    )


def _nothing(pages: Pages, accepted: str) -> Response[bytes]:
    """Nothing says any more who was asked, so the page speaks a language that the browser accepts."""
    language = choose_language("", accepted)
    return show_notice(
        pages,
        say(language, "There is nothing to confirm"),
        say(language, "The seller does not ask for this address any more, so you can delete the mail."),
        language=language,
        status=404,
    )
