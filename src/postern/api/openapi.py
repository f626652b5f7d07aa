"""The OpenAPI 3.1 description of the API, made from the endpoints that are served."""

import re
from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel

from postern import __version__
from postern.api.endpoint import JSON_TYPE, Body, Endpoint
from postern.api.problems import (
    BAD_FIELDS,
    BAD_JSON,
    BAD_QUERY,
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
)

_NAMES = re.compile(r"\{(\w+)\}")
_WITH_KEY = (NO_KEY, NOT_ALLOWED, TOO_MANY_CALLS)
_WITH_BODY = (BAD_JSON, BAD_FIELDS, TOO_LARGE, WRONG_MEDIA_TYPE, TOO_SLOW)
_WHEN_SENDING = (NO_IDEMPOTENCY_KEY,)
_ALWAYS = (BAD_QUERY, OUR_FAULT, STORE_AWAY)

_PROBLEM: Mapping[str, object] = {
    "type": "object",
    "description": "RFC 9457. `code` is what programs compare; `type` is a page that explains it.",
    "required": ["type", "title", "status", "code", "remedy", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri"},
        "title": {"type": "string"},
        "status": {"type": "integer"},
        "code": {"type": "string"},
        "detail": {"type": "string"},
        "remedy": {"type": "string", "description": "What to do next."},
        "request_id": {"type": "string"},
        "errors": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["detail"],
                "properties": {
                    "pointer": {"type": "string", "description": "RFC 6901: where in the body."},
                    "line": {"type": "integer", "description": "Which line of a feed."},
                    "detail": {"type": "string"},
                },
            },
        },
    },
}
_INTRODUCTION = (
    "Postern's own API, for the shop and for sellers' programs. Errors are problems after RFC 9457. Times are RFC 3339 in UTC. "
    "Lists are read page by page with the cursor that `next` gives. What sends a message takes an Idempotency-Key, which is "
    "remembered for three days. `X-Request-Id` comes back as it was sent, or is a fresh one."
)


def write_description(endpoints: Iterable[Endpoint], root: str) -> dict[str, object]:
    """The whole document."""
    shapes: dict[str, Any] = {"Problem": _PROBLEM}
    paths: dict[str, dict[str, object]] = {}
    for one in endpoints:
        paths.setdefault(one.path, {})[one.method.lower()] = _describe(one, shapes)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Postern", "version": __version__, "description": _INTRODUCTION, "license": {"name": "Apache-2.0"}},
        "servers": [{"url": root}],
        "paths": paths,
        "components": {
            "schemas": shapes,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer", "description": "A key of `postern key create`."}},
        },
    }


def list_problems(endpoint: Endpoint) -> list[Problem]:
    """Every problem with which a call of this endpoint may be answered, by status."""
    found = [*_ALWAYS, *endpoint.problems]
    found += _WITH_KEY if endpoint.scope else ()
    found += _WITH_BODY if endpoint.body is not Body.NONE else ()
    found += _WHEN_SENDING if endpoint.is_sending else ()
    found += (NOT_FOUND,) if "{" in endpoint.path or endpoint.body is Body.JSON else ()
    return sorted(set(found), key=lambda one: (one.status, one.code))


def _describe(endpoint: Endpoint, shapes: dict[str, Any]) -> dict[str, object]:
    told: dict[str, object] = {
        "operationId": endpoint.name,
        "summary": endpoint.title,
        "tags": ["anybody"] if endpoint.scope is None else list(endpoint.holders),
        "parameters": [*map(_path_parameter, _NAMES.findall(endpoint.path)), *_other_parameters(endpoint)],
        "responses": _responses(endpoint, shapes),
        "security": [{"key": []}] if endpoint.scope else [],
    }
    if endpoint.scope:
        told["description"] = f"Scope `{endpoint.scope}`, of: {', '.join(endpoint.holders)}."
    if endpoint.body is not Body.NONE:
        told["requestBody"] = {"required": True, "content": _body(endpoint, shapes)}
    return told


def _path_parameter(name: str) -> dict[str, object]:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}


def _other_parameters(endpoint: Endpoint) -> list[dict[str, object]]:
    told: list[dict[str, object]] = [
        {"name": one.name, "in": "query", "description": one.meaning, "schema": one.schema} for one in endpoint.query
    ]
    if endpoint.is_sending:
        schema = {"type": "string", "pattern": "^[!-~]{8,100}$"}
        meaning = "The same when the call is repeated, so that one message is sent."
        told.append({"name": "Idempotency-Key", "in": "header", "required": True, "description": meaning, "schema": schema})
    return told


def _body(endpoint: Endpoint, shapes: dict[str, Any]) -> dict[str, object]:
    if endpoint.body is Body.FEED:
        schema = {"type": "string", "description": "One JSON object a line: the feed of `postern import`."}
        return {Body.FEED.value: {"schema": schema}}
    return {JSON_TYPE: {"schema": _refer(endpoint.takes, shapes) if endpoint.takes else {}}}


def _responses(endpoint: Endpoint, shapes: dict[str, Any]) -> dict[str, object]:
    told: dict[str, object] = {}
    for status, given in endpoint.gives.items():
        content = {given: {}} if isinstance(given, str) else {JSON_TYPE: {"schema": _refer(given, shapes)}}
        told[str(status)] = {"description": "Done." if status != 202 else "Taken, and not done yet.", "content": content}  # noqa: PLR2004
    by_status: dict[int, list[Problem]] = {}
    for problem in list_problems(endpoint):
        by_status.setdefault(problem.status, []).append(problem)
    for status, problems in by_status.items():
        told[str(status)] = {
            "description": " ".join(f"`{one.code}`: {one.sentence}" for one in problems),
            "content": {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
    return told


def _refer(shape: type[BaseModel], shapes: dict[str, Any]) -> dict[str, str]:
    """A reference to the shape, which is described once."""
    if shape.__name__ not in shapes:
        described = shape.model_json_schema(ref_template="#/components/schemas/{model}")
        shapes.update(described.pop("$defs", {}))
        shapes[shape.__name__] = described
    return {"$ref": f"#/components/schemas/{shape.__name__}"}
