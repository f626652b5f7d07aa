"""The response figures of a seller, and the ledger that says of each message why it counts (R29)."""

import csv
import io
from datetime import timedelta

from litestar import Response

from postern.actions.list_messages import list_counts
from postern.model.identifier import show
from postern.model.response import WINDOWS, measure
from postern.storage.responses import list_responses
from postern.web.desk import words
from postern.web.desk.messages import names
from postern.web.desk.visit import Ask, enter, read_seller
from postern.web.pages import Pages

_LEDGER_ROWS = 200


def show_measures(pages: Pages, ask: Ask, seller: str) -> Response[bytes]:
    """Late rate, no-response rate, average and median over 7, 30 and 90 days, and the latest clocks."""
    visit, now = enter(pages, ask, read_seller(seller)), pages.clock.now()
    with pages.store.look() as look:
        clocks = list_responses(look, visit.viewer.seller.id, now - timedelta(days=max(WINDOWS)))
        counts = list_counts(look, visit.viewer, now)
    figures = [(days, measure(clocks, now, days)) for days in WINDOWS]
    rows = [(show("thr", one.thread_id), show("msg", one.message_id), one, one.standing(now)) for one in clocks[:_LEDGER_ROWS]]
    fields = {"figures": figures, "rows": rows, "counts": counts, "words": words, "more": len(clocks) > _LEDGER_ROWS}
    return visit.show("measures.html", {**fields, **names(visit)})


def hand_over_ledger(pages: Pages, ask: Ask, seller: str) -> Response[bytes]:
    """The ledger of 90 days as CSV (RFC 4180): ids, times and words of ours, so no cell is a formula (W-17)."""
    visit, now = enter(pages, ask, read_seller(seller)), pages.clock.now()
    with pages.store.look() as look:
        clocks = list_responses(look, visit.viewer.seller.id, now - timedelta(days=max(WINDOWS)))
    written = io.StringIO()
    table = csv.writer(written)
    table.writerow(["message", "thread", "started_at", "due_at", "answered_at", "exempted_at", "reported_at", "standing"])
    for one in clocks:
        moments = (one.started_at, one.due_at, one.answered_at, one.exempted_at, one.reported_at)
        spelled = [moment.isoformat(timespec="seconds") if moment else "" for moment in moments]
        table.writerow([show("msg", one.message_id), show("thr", one.thread_id), *spelled, one.standing(now)])
    name = f"response-ledger-{now:%Y-%m-%d}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"', "Content-Security-Policy": "sandbox; default-src 'none'"}
    return Response(written.getvalue().encode(), media_type="text/csv", headers=headers)
