"""The API served on a real socket beside the pages, and programs that call it with nothing but HTTP and a key."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from postern.actions.issue_keys import Wish, create_key
from postern.actions.permit_senders import find_seller_of
from postern.api.app import ROOT, build_api, open_office
from postern.model.api_key import Scope
from postern.web.app import Pages
from tests.people import Town
from tests.visitor import Answer, Visitor, open_pages


def key_for(town: Town, seller: str | None = None, *scopes: Scope) -> str:
    """A fresh key's secret: a seller's, or the operator's."""
    with town.store.look() as look:
        found = find_seller_of(look, seller) if seller else None
    return create_key(town.store, Wish(found, scopes=scopes), town.clock.now(), "operator").secret


@dataclass(frozen=True, slots=True)
class Caller:
    """A program with a key, or without one."""

    visitor: Visitor
    secret: str = field(default="", repr=False)

    def call(self, method: str, path: str, body: object = None, **headers: str) -> Answer:
        """``body`` is sent as it is where it is octets, else as JSON."""
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.secret:
            named.setdefault("Authorization", f"Bearer {self.secret}")
        if body is not None:
            named.setdefault("Content-Type", "application/json")
        octets = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        return self.visitor.ask(method, f"{ROOT}{path}", octets, **named)

    def get(self, path: str, **headers: str) -> Answer:
        return self.call("GET", path, **headers)


def told(answer: Answer) -> Any:
    """What the answer says, as JSON."""
    return json.loads(answer.body)


def problem_of(answer: Answer) -> tuple[int, str]:
    """Status and code of a problem, which must be spelled as one."""
    assert answer.headers["content-type"].startswith("application/problem+json"), answer
    content = told(answer)
    assert content["status"] == answer.status
    assert content["type"].endswith(f"{ROOT}/problems/{content['code']}")
    assert content["title"]
    assert content["remedy"]
    assert content["request_id"] == answer.headers["x-request-id"]
    return answer.status, content["code"]


@contextmanager
def open_api(town: Town) -> Iterator[Visitor]:
    """Serve pages and API on a free port until the block ends."""
    api = build_api(open_office(town.store, town.frame, town.clock))
    with open_pages(Pages(town.store, town.frame, town.clock, None), {ROOT: api}) as visitor:
        yield visitor
