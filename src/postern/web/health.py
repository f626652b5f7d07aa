"""Whether this process can work: for load balancers and supervisors, who read the status."""

from litestar import Response

from postern.errors import PosternError
from postern.storage.migrate import require_current
from postern.web.pages import Pages


def tell_ready(pages: Pages) -> Response[dict[str, object]]:
    """200 where the store answers and has this version's schema, else 503 with the reasons."""
    reasons: list[str] = []
    try:
        with pages.store.look() as look:
            reading_engine = look.connection.engine
        require_current(reading_engine)
    except PosternError as error:
        reasons.append(str(error))
    return Response({"ready": not reasons, "reasons": reasons}, status_code=503 if reasons else 200)
