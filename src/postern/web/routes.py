"""Every URL of the pages, on one page.

GET and HEAD never change anything, for mail scanners fetch links (R18). A link in a mail acts by POST alone, with its token in
the URL and without sign-in. The desk is below /s/, behind a session; what changes something there is a POST with the session's
own token, and ``cross_site.py`` looks first whence it came.
"""

from asyncio import gather, sleep, to_thread
from collections.abc import Callable

from litestar import MediaType, Request, Response, post, route
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.enums import HttpMethod
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, RawBody, SkipValidation

from postern.web import confirm_sender, critical, no_response_needed, report
from postern.web.desk import files, measures, messages, sign_in, thread
from postern.web.desk.visit import Ask
from postern.web.health import tell_ready
from postern.web.outbox import spell_outbox
from postern.web.pages import Pages, load_static

ThePages = SkipValidation[NamedDependency[Pages]]
_READ = [HttpMethod.GET, HttpMethod.HEAD]
Answer = Callable[..., Response[bytes]]  # of the desk: the pages, what was asked, and the names in the URL
AnyRequest = Request[object, object, State]
_SIGN_IN_SECONDS = 0.4
_FOR_EVER = "public, max-age=31536000, immutable"


@route("/", http_method=_READ)
async def welcome(pages: ThePages, request: AnyRequest) -> Response[bytes]:
    return await _at_desk(sign_in.begin, pages, request)


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
async def confirm_sender_page(pages: ThePages, token: FromPath[str], request: AnyRequest) -> Response[bytes]:
    return await to_thread(confirm_sender.ask, pages, token, request.headers.get("Accept-Language", ""))


@post("/m/confirm-sender/{token:str}", status_code=200)
async def confirm_sender_done(pages: ThePages, token: FromPath[str], request: AnyRequest) -> Response[bytes]:
    await request.body()  # read, so that it is limited
    return await to_thread(confirm_sender.act, pages, token, request.headers.get("Accept-Language", ""))


@route(critical.PAGE, http_method=_READ)
async def critical_messages(pages: ThePages, request: Request[object, object, State]) -> Response[bytes]:
    """R12: public, in every language."""
    asked = request.query_params.get("lang", "")
    return await to_thread(critical.tell, pages, asked, request.headers.get("Accept-Language", ""))


@route("/static/{name:str}", http_method=_READ)
async def static_file(name: FromPath[str]) -> Response[bytes]:
    file = next((one for one in load_static().values() if one.name == name), None)
    if file is None:
        raise NotFoundException
    return Response(file.octets, media_type=file.media_type, headers={"Cache-Control": _FOR_EVER})


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


# ---- The desk


async def _at_desk(answer: Answer, pages: Pages, request: AnyRequest, *names: str | int) -> Response[bytes]:
    """Read what was asked, and answer in a thread: the store makes one wait."""
    ask = Ask.read(request, await request.body(), pages.frame)
    return await to_thread(answer, pages, ask, *names)


async def _unhurried(answer: Answer, pages: Pages, request: AnyRequest) -> Response[bytes]:
    """The same after so long in any case, so that nobody learns by the time whether an address is known (W-13)."""
    answered, _ = await gather(_at_desk(answer, pages, request), sleep(_SIGN_IN_SECONDS))
    return answered


@route("/sign-in", http_method=_READ)
async def sign_in_page(pages: ThePages, request: AnyRequest) -> Response[bytes]:
    return await _at_desk(sign_in.ask_address, pages, request)


@post("/sign-in", status_code=200)
async def sign_in_mailed(pages: ThePages, request: AnyRequest) -> Response[bytes]:
    return await _unhurried(sign_in.mail_link, pages, request)


@post("/sign-in/code", status_code=200)
async def sign_in_coded(pages: ThePages, request: AnyRequest) -> Response[bytes]:
    return await _unhurried(sign_in.take_code, pages, request)


@route("/sign-in/link/{secret:str}", http_method=_READ)
async def sign_in_link_page(pages: ThePages, request: AnyRequest, secret: FromPath[str]) -> Response[bytes]:
    return await _at_desk(sign_in.ask_button, pages, request, secret)


@post("/sign-in/link/{secret:str}", status_code=200)
async def sign_in_link_pressed(pages: ThePages, request: AnyRequest, secret: FromPath[str]) -> Response[bytes]:
    return await _at_desk(sign_in.press_button, pages, request, secret)


@post("/sign-out", status_code=200)
async def sign_out(pages: ThePages, request: AnyRequest) -> Response[bytes]:
    return await _at_desk(sign_in.sign_out, pages, request)


@route("/sessions", http_method=_READ)
async def sessions_page(pages: ThePages, request: AnyRequest) -> Response[bytes]:
    return await _at_desk(sign_in.show_sessions, pages, request)


@post("/sessions/end", status_code=200)
async def session_ended(pages: ThePages, request: AnyRequest) -> Response[bytes]:
    return await _at_desk(sign_in.end_one, pages, request)


@route("/s/{seller:str}/messages", http_method=_READ)
async def messages_page(pages: ThePages, request: AnyRequest, seller: FromPath[str]) -> Response[bytes]:
    return await _at_desk(messages.show_messages, pages, request, seller)


@route("/s/{seller:str}/messages/{view:str}", http_method=_READ)
async def view_page(pages: ThePages, request: AnyRequest, seller: FromPath[str], view: FromPath[str]) -> Response[bytes]:
    return await _at_desk(messages.show_messages, pages, request, seller, view)


@post("/s/{seller:str}/exempt", status_code=200)
async def threads_exempted(pages: ThePages, request: AnyRequest, seller: FromPath[str]) -> Response[bytes]:
    return await _at_desk(messages.mark_threads, pages, request, seller)


@post("/s/{seller:str}/exempt/undo", status_code=200)
async def exemptions_undone(pages: ThePages, request: AnyRequest, seller: FromPath[str]) -> Response[bytes]:
    return await _at_desk(messages.undo_marks, pages, request, seller)


@route("/s/{seller:str}/threads/{name:str}", http_method=_READ)
async def thread_page(pages: ThePages, request: AnyRequest, seller: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    return await _at_desk(thread.show_one, pages, request, seller, name)


@post("/s/{seller:str}/threads/{name:str}/reply", status_code=200)
async def answer_sent(pages: ThePages, request: AnyRequest, seller: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    return await _at_desk(thread.send_answer, pages, request, seller, name)


@post("/s/{seller:str}/threads/{name:str}/draft", status_code=200)
async def draft_saved(pages: ThePages, request: AnyRequest, seller: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    return await _at_desk(thread.save_draft, pages, request, seller, name)


@post("/s/{seller:str}/threads/{name:str}/exempt", status_code=200)
async def thread_exempted(pages: ThePages, request: AnyRequest, seller: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    return await _at_desk(thread.mark_thread, pages, request, seller, name)


@post("/s/{seller:str}/messages/{name:str}/exempt", status_code=200)
async def message_exempted(pages: ThePages, request: AnyRequest, seller: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    return await _at_desk(thread.mark_one, pages, request, seller, name)


@post("/s/{seller:str}/messages/{name:str}/exempt/undo", status_code=200)
async def message_unexempted(pages: ThePages, request: AnyRequest, seller: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    return await _at_desk(thread.unmark_one, pages, request, seller, name)


@route("/s/{seller:str}/messages/{name:str}/report", http_method=_READ)
async def desk_report_page(pages: ThePages, request: AnyRequest, seller: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    return await _at_desk(thread.ask_report, pages, request, seller, name)


@post("/s/{seller:str}/messages/{name:str}/report", status_code=200)
async def desk_report_sent(pages: ThePages, request: AnyRequest, seller: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    return await _at_desk(thread.send_report, pages, request, seller, name)


@route("/s/{seller:str}/messages/{name:str}/layout", http_method=_READ)
async def layout(pages: ThePages, request: AnyRequest, seller: FromPath[str], name: FromPath[str]) -> Response[bytes]:
    return await _at_desk(files.show_layout, pages, request, seller, name)


@route("/s/{seller:str}/messages/{name:str}/files/{number:int}", http_method=_READ)
async def attached_file(
    pages: ThePages, request: AnyRequest, seller: FromPath[str], name: FromPath[str], number: FromPath[int]
) -> Response[bytes]:
    return await _at_desk(files.hand_over, pages, request, seller, name, number)


@route("/s/{seller:str}/figures", http_method=_READ)
async def figures_page(pages: ThePages, request: AnyRequest, seller: FromPath[str]) -> Response[bytes]:
    return await _at_desk(measures.show_measures, pages, request, seller)


@route("/s/{seller:str}/figures/ledger.csv", http_method=_READ)
async def figures_ledger(pages: ThePages, request: AnyRequest, seller: FromPath[str]) -> Response[bytes]:
    return await _at_desk(measures.hand_over_ledger, pages, request, seller)


DESK: tuple[HTTPRouteHandler, ...] = (
    sign_in_page,
    sign_in_mailed,
    sign_in_coded,
    sign_in_link_page,
    sign_in_link_pressed,
    sign_out,
    sessions_page,
    session_ended,
    messages_page,
    view_page,
    threads_exempted,
    exemptions_undone,
    thread_page,
    answer_sent,
    draft_saved,
    thread_exempted,
    message_exempted,
    message_unexempted,
    desk_report_page,
    desk_report_sent,
    layout,
    attached_file,
    figures_page,
    figures_ledger,
)

ROUTES: tuple[HTTPRouteHandler, ...] = (
    welcome,
    no_response_needed_page,
    no_response_needed_done,
    report_page,
    report_sent,
    confirm_sender_page,
    confirm_sender_done,
    critical_messages,
    static_file,
    sts_policy,
    healthz,
    readyz,
    sandbox_outbox,
    *DESK,
)
