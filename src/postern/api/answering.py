"""How one call is answered: who asks, whether they may, what they say, and what goes back. Every call comes through here.

Nothing of a body, a key or a query is ever logged.
"""

import asyncio
import json
import logging
import re
import tempfile
from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass, field, replace
from typing import IO, BinaryIO

from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.response import Stream
from pydantic import BaseModel

from postern.actions.issue_keys import recognise_key
from postern.api.call import Call
from postern.api.endpoint import JSON_TYPE, ROOT, Answer, Body, Endpoint
from postern.api.office import Left, Office
from postern.api.problems import (
    BAD_FIELDS,
    BAD_QUERY,
    METHOD_NOT_ALLOWED,
    NO_IDEMPOTENCY_KEY,
    NO_KEY,
    NOT_ALLOWED,
    NOT_FOUND,
    OUR_FAULT,
    STORE_AWAY,
    TOO_LARGE,
    TOO_MANY_CALLS,
    TOO_SLOW,
    WRONG_MEDIA_TYPE,
    Problem,
    RefusedError,
)
from postern.errors import DamagedError, NotFoundError, StoreError
from postern.model.api_key import ApiKey
from postern.model.identifier import new_id, show

PROBLEM_TYPE = "application/problem+json"
RETRY_SECONDS = 30
_CHUNK = 65_536
_IN_MEMORY = 1_000_000  # octets of a feed; a longer one lies in a file without a name
_REQUEST_ID = re.compile(r"[A-Za-z0-9._:-]{1,100}")
_IDEMPOTENCY_KEY = re.compile(r"[!-~]{8,100}")
_FEED_TYPES = frozenset({"application/jsonl", "application/x-ndjson"})
_log = logging.getLogger(__name__)

Asked = Request[object, object, State]


@dataclass(slots=True)
class _Headers:
    """What every answer to one call carries."""

    request_id: str
    left: Left | None = None
    more: dict[str, str] = field(default_factory=dict)

    def spell(self, maximum: int) -> dict[str, str]:
        spelled = {"X-Request-Id": self.request_id, **self.more}
        if self.left:
            spelled["RateLimit-Policy"] = f'"calls";q={maximum};w=60'
            spelled["RateLimit"] = f'"calls";r={self.left.calls};t={self.left.seconds}'
        return spelled


async def answer_call(office: Office, endpoint: Endpoint, asked: Asked) -> Response[bytes] | Stream:
    """The answer to a call of this endpoint, whatever comes."""
    headers = _Headers(_name_request(asked))
    try:
        answer = await _act(office, endpoint, asked, headers)
    except Exception as error:  # noqa: BLE001 - every error has its answer
        return tell_problem(office, _explain(error), headers)
    spelled = headers.spell(office.frame.limits.api_calls) | dict(answer.headers)
    content = answer.content.model_dump_json().encode() if isinstance(answer.content, BaseModel) else answer.content
    if not isinstance(content, bytes):
        return Stream(_send_away(office, content), status_code=answer.status, headers=spelled, media_type=answer.media_type)
    return Response(content, status_code=answer.status, headers=spelled, media_type=answer.media_type)


async def _act(office: Office, endpoint: Endpoint, asked: Asked, headers: _Headers) -> Answer:
    key = await office.run(_admit, office, endpoint, asked, headers) if endpoint.scope else None
    call = Call(
        office,
        key,
        {name: str(value) for name, value in asked.path_params.items()},
        _read_query(endpoint, asked),
        idempotency_key=_read_idempotency_key(endpoint, asked),
    )
    if endpoint.body is Body.FEED:
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as lines:
            await _take_feed(office, asked, lines)
            async with office.importing:
                return await office.run(endpoint.act, replace(call, lines=lines))
    octets = await _take_body(office, endpoint, asked)
    return await office.run(endpoint.act, replace(call, octets=octets))


def _admit(office: Office, endpoint: Endpoint, asked: Asked, headers: _Headers) -> ApiKey:
    """The caller's key, if it may make this call now."""
    scheme, _, secret = asked.headers.get("Authorization", "").partition(" ")
    now = office.clock.now()
    with office.store.look() as look:
        key = recognise_key(look, secret.strip(), now) if scheme.lower() == "bearer" else None
    if key is None:
        raise RefusedError(NO_KEY, headers={"WWW-Authenticate": 'Bearer realm="postern"'})  # RFC 6750 3
    headers.left = office.turnstile.pass_through(key.id)
    if not headers.left.allowed:
        raise RefusedError(TOO_MANY_CALLS, headers={"Retry-After": str(headers.left.seconds)})
    holder = "operator" if key.seller_id is None else "seller"
    if endpoint.scope not in key.scopes or holder not in endpoint.holders:
        raise RefusedError(NOT_ALLOWED, f"It needs the scope {endpoint.scope} of: {', '.join(endpoint.holders)}.")
    office.uses.note(office.store, key, now)
    return key


def _read_query(endpoint: Endpoint, asked: Asked) -> dict[str, str]:
    query: dict[str, str] = {}
    known = {one.name for one in endpoint.query}
    for name, value in asked.query_params.multi_items():
        if name not in known or name in query:
            raise RefusedError(BAD_QUERY, f"Known here: {', '.join(sorted(known)) or 'nothing'}; each once.")
        query[name] = str(value)
    return query


def _read_idempotency_key(endpoint: Endpoint, asked: Asked) -> str:
    key = str(asked.headers.get("Idempotency-Key", ""))
    if endpoint.is_sending and not _IDEMPOTENCY_KEY.fullmatch(key):
        raise RefusedError(NO_IDEMPOTENCY_KEY)
    return key


async def _take_body(office: Office, endpoint: Endpoint, asked: Asked) -> bytes:
    if endpoint.body is not Body.NONE:
        _require_type(asked, frozenset({JSON_TYPE}))
    async with asyncio.timeout(office.frame.limits.page_seconds):
        return await asked.body()


async def _take_feed(office: Office, asked: Asked, lines: IO[bytes]) -> None:
    _require_type(asked, _FEED_TYPES)
    async with asyncio.timeout(office.frame.limits.api_feed_seconds):
        async for chunk in asked.stream():
            await office.run(lines.write, chunk)
    await office.run(lines.seek, 0)


def _require_type(asked: Asked, types: frozenset[str]) -> None:
    media_type = asked.headers.get("Content-Type", "").partition(";")[0].strip().lower()
    if media_type not in types or "Content-Encoding" in asked.headers:
        raise RefusedError(WRONG_MEDIA_TYPE, f"This call takes {', '.join(sorted(types))}.")


async def _send_away(office: Office, file: BinaryIO) -> AsyncIterator[bytes]:
    with file:
        while chunk := await office.run(file.read, _CHUNK):
            yield chunk


def _explain(error: Exception) -> RefusedError:  # noqa: PLR0911 - one for each kind
    """The problem behind an error."""
    match error:
        case RefusedError():
            return error
        case NotFoundError():
            return RefusedError(NOT_FOUND)
        case DamagedError():
            return RefusedError(NOT_FOUND, "It was erased, or is damaged.")
        case StoreError():
            _log.warning("a call cannot be answered: %s", error)
            return RefusedError(STORE_AWAY, headers={"Retry-After": str(RETRY_SECONDS)})
        case TimeoutError():
            return RefusedError(TOO_SLOW)
        case HTTPException():
            return _explain_status(error)
    _log.error("a call ended in an error of ours: %s", type(error).__name__, exc_info=error)
    return RefusedError(OUR_FAULT)


_BY_STATUS: Mapping[int, Problem] = {404: NOT_FOUND, 405: METHOD_NOT_ALLOWED, 413: TOO_LARGE}


def _explain_status(error: HTTPException) -> RefusedError:
    if error.status_code >= 500:  # noqa: PLR2004 - a client that went away in the middle of its body
        return RefusedError(OUR_FAULT)
    return RefusedError(_BY_STATUS.get(error.status_code, BAD_FIELDS), headers=dict(error.headers or {}))


def refuse(office: Office, asked: Asked, error: Exception) -> Response[bytes]:
    """The answer where no endpoint was found, or the way to it failed."""
    return tell_problem(office, _explain(error), _Headers(_name_request(asked)))


def tell_problem(office: Office, refused: RefusedError, headers: _Headers) -> Response[bytes]:
    """RFC 9457 3."""
    problem = refused.problem
    told: dict[str, object] = {
        "type": f"{office.frame.public_url}{ROOT}/problems/{problem.code}",
        "title": problem.sentence,
        "status": problem.status,
        "code": problem.code,
        "remedy": problem.remedy,
        "request_id": headers.request_id,
    }
    if refused.detail:
        told["detail"] = refused.detail
    if refused.mistakes:
        told["errors"] = [
            {"line" if isinstance(one.place, int) else "pointer": one.place, "detail": one.sentence} for one in refused.mistakes
        ]
    headers.more |= refused.headers
    spelled = headers.spell(office.frame.limits.api_calls)
    return Response(json.dumps(told).encode(), status_code=problem.status, headers=spelled, media_type=PROBLEM_TYPE)


def _name_request(asked: Asked) -> str:
    """The caller's own name for the request where it has one that can be repeated, else a fresh one."""
    theirs = str(asked.headers.get("X-Request-Id", ""))
    return theirs if _REQUEST_ID.fullmatch(theirs) else show("req", new_id())
