"""Every URL of the pages, on one page.

GET and HEAD never change anything, for mail scanners fetch links (R18). A link in a mail acts by POST alone, with its token in
the URL and without sign-in; there are no cookies, so there is nothing that another site could ride on.
"""

from asyncio import to_thread

from litestar import MediaType, Request, Response, post, route
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody, SkipValidation

from postern.language import DEFAULT_LANGUAGE, say
from postern.web import confirm_sender, critical, no_response_needed, report
from postern.web.health import tell_ready
from postern.web.outbox import spell_outbox
from postern.web.pages import Pages, load_stylesheet, show_notice

ThePages = SkipValidation[NamedDependency[Pages]]
_READ = [HttpMethod.GET, HttpMethod.HEAD]
_FOR_EVER = "public, max-age=31536000, immutable"


@route("/", http_method=_READ)
async def welcome(pages: ThePages) -> Response[bytes]:
    return show_notice(
        pages,
        "Postern",
        say(DEFAULT_LANGUAGE, "Here buyers and sellers write to each other by mail, and neither learns the other's address."),
        say(DEFAULT_LANGUAGE, "There is nothing to do on this page: follow the links in your mails."),
    )


@route("/m/no-response-needed/{token:str}", http_method=_READ)
async def no_response_needed_page(pages: ThePages, token: FromPath[str]) -> Response[bytes]:
    return await to_thread(no_response_needed.ask, pages, token)


@post("/m/no-response-needed/{token:str}", status_code=200)
async def no_response_needed_done(pages: ThePages, token: FromPath[str], body: RawBody) -> Response[bytes]:  # noqa: ARG001 - read, so that it is limited
    return await to_thread(no_response_needed.act, pages, token)


@route("/m/report/{token:str}", http_method=_READ)
async def report_page(pages: ThePages, token: FromPath[str]) -> Response[bytes]:
    return await to_thread(report.ask, pages, token)


@post("/m/report/{token:str}", status_code=200)
async def report_sent(pages: ThePages, token: FromPath[str], body: RawBody) -> Response[bytes]:
    return await to_thread(report.act, pages, token, body)


@route("/m/confirm-sender/{token:str}", http_method=_READ)
async def confirm_sender_page(pages: ThePages, token: FromPath[str]) -> Response[bytes]:
    return await to_thread(confirm_sender.ask, pages, token)


@post("/m/confirm-sender/{token:str}", status_code=200)
async def confirm_sender_done(pages: ThePages, token: FromPath[str], body: RawBody) -> Response[bytes]:  # noqa: ARG001 - read, so that it is limited
    return await to_thread(confirm_sender.act, pages, token)


@route(critical.PAGE, http_method=_READ)
async def critical_messages(pages: ThePages, request: Request[object, object, State]) -> Response[bytes]:
    """R12: public, in every language."""
    asked = request.query_params.get("lang", "")
    return await to_thread(critical.tell, pages, asked, request.headers.get("Accept-Language", ""))


@route("/static/{name:str}", http_method=_READ)
async def stylesheet(name: FromPath[str]) -> Response[bytes]:
    sheet = load_stylesheet()
    if name != sheet.name:
        raise NotFoundException
    return Response(sheet.octets, media_type=MediaType.CSS, headers={"Cache-Control": _FOR_EVER})


@route("/.well-known/mta-sts.txt", http_method=_READ)
async def sts_policy(pages: ThePages) -> Response[str]:
    """RFC 8461 3.2: how to write to us. It says the same for every mail domain, for all have one host."""
    if not pages.sts_policy:
        raise NotFoundException
    return Response(pages.sts_policy, media_type=MediaType.TEXT)


@route("/healthz", http_method=_READ)
async def healthz() -> Response[dict[str, object]]:
    """The process is alive; nothing else was looked at."""
    return Response({"alive": True})


@route("/readyz", http_method=_READ)
async def readyz(pages: ThePages) -> Response[dict[str, object]]:
    return await to_thread(tell_ready, pages)


@route("/sandbox/outbox", http_method=_READ)
async def sandbox_outbox(pages: ThePages) -> Response[list[dict[str, object]]]:
    if pages.outbox is None:
        raise NotFoundException
    return Response(await to_thread(spell_outbox, pages.outbox))


ROUTES: tuple[HTTPRouteHandler, ...] = (
    welcome,
    no_response_needed_page,
    no_response_needed_done,
    report_page,
    report_sent,
    confirm_sender_page,
    confirm_sender_done,
    critical_messages,
    stylesheet,
    sts_policy,
    healthz,
    readyz,
    sandbox_outbox,
)
