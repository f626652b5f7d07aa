"""The page behind "Report message": choose a reason, send (R27)."""

from dataclasses import dataclass, field
from typing import Self
from urllib.parse import parse_qs

from litestar import Response

from postern.actions.receiving.passage import REPORT
from postern.actions.report_message import Lack, Report, find_reportable, report_message
from postern.language import say
from postern.mail.characters import clean
from postern.model.remark import AlreadyDone, Door, Remark
from postern.model.report import ReportReason
from postern.web.links import Linked, follow
from postern.web.pages import Pages, show, show_notice

_FIELDS = 10  # of a form; there are two


@dataclass(frozen=True, slots=True)
class Form:
    """What the form said, as typed. ``reason`` is None where none of ours was chosen."""

    reason: ReportReason | None = None
    text: str = field(default="", repr=False)

    @classmethod
    def read(cls, body: bytes) -> Self:
        """Any octets are a form; what does not fit is not there."""
        try:
            fields = parse_qs(body.decode("utf-8", "replace"), max_num_fields=_FIELDS)
        except ValueError:  # too many fields: none of our forms
            return cls()
        chosen = fields.get("reason", [""])[0]
        reason = next((one for one in ReportReason if one == chosen), None)
        return cls(reason, clean(fields.get("text", [""])[0]))


def ask(pages: Pages, token: str) -> Response[bytes]:
    """The form, or the news that it was sent before. Changes nothing."""
    linked = follow(pages, REPORT, token, Remark.REPORT, find_reportable)
    return _already_done(pages, linked) if linked.is_remarked else _show_form(pages, linked, Form())


def act(pages: Pages, token: str, body: bytes) -> Response[bytes]:
    """The form was sent. What was typed comes back with the page where something is missing."""
    linked = follow(pages, REPORT, token, Remark.REPORT, find_reportable)
    form = Form.read(body)
    if linked.is_remarked:
        return _already_done(pages, linked)
    if form.reason is None:
        return _show_form(pages, linked, form, Lack.REASON)
    report = Report(form.reason, form.text)
    outcome = report_message(pages.store, pages.frame, linked.target, report, Door.MAIL_LINK, pages.clock.now())
    if isinstance(outcome, Lack):
        return _show_form(pages, linked, form, outcome)
    return _already_done(pages, linked) if isinstance(outcome, AlreadyDone) else _done(pages, linked)


def _show_form(pages: Pages, linked: Linked, form: Form, lack: Lack | None = None) -> Response[bytes]:
    url = linked.marketplace.report_infringement_url
    return show(
        pages,
        "report.html",
        linked.language,
        status=422 if lack else 200,
        linked=linked,
        form=form,
        lack=lack,
        maximum=pages.frame.limits.report_text,
        infringement_url=url if url.startswith(("https://", "http://")) else "",
    )


def _done(pages: Pages, linked: Linked) -> Response[bytes]:
    language = linked.language
    return show_notice(
        pages,
        say(language, "Thank you"),
        say(language, "Your report was sent. The other side is not told."),
        say(language, "Not every report is investigated; all of them are looked at together, to find patterns of abuse."),
        say(language, "You need not answer the message, but you still may."),
        language=language,
    )


def _already_done(pages: Pages, linked: Linked) -> Response[bytes]:
    language = linked.language
    sentence = say(language, "This is already done: you have reported this message.")
    return show_notice(pages, say(language, "Already done"), sentence, language=language)
