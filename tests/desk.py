"""Somebody who works at the desk with nothing but HTTP: signs in by the mail that came, keeps the cookie, fills in forms."""

import re
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from urllib.parse import urlencode, urlsplit

from postern.actions.keep_team import add_to_team
from postern.actions.permit_senders import find_seller_of
from postern.actions.sign_in import make_link_for
from postern.model.address import Address
from postern.model.team import Role
from postern.web.app import Pages
from tests.people import Town
from tests.visitor import Answer, Visitor, open_pages

MIA = Address.parse("mia@acme.test")
BEN = Address.parse("ben@bolt.test")
_TOKEN = re.compile(r'name="csrf" value="([0-9a-f]+)"')


@dataclass(slots=True)
class Clerk:
    """Somebody with a browser of their own. ``cookie`` is what the browser keeps."""

    visitor: Visitor
    cookie: str = field(default="", repr=False)
    csrf: str = field(default="", repr=False)

    @property
    def origin(self) -> str:
        return f"http://127.0.0.1:{self.visitor.port}"

    def get(self, path: str) -> Answer:
        answer = self.visitor.ask("GET", path, None, **self._headers())
        if found := _TOKEN.search(answer.body.decode("utf-8", "replace")):
            self.csrf = found[1]
        return answer

    def post(self, path: str, *pairs: tuple[str, str], **fields: str) -> Answer:
        """As a form of ours would: from our own pages, with the session's token."""
        body = urlencode([("csrf", self.csrf), *pairs, *fields.items()]).encode()
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Origin": self.origin, "Sec-Fetch-Site": "same-origin"}
        answer = self.visitor.ask("POST", path, body, **headers, **self._headers())
        if cookie := answer.headers.get("set-cookie"):
            self.cookie = cookie.partition(";")[0]
        return answer

    def _headers(self) -> dict[str, str]:
        return {"Cookie": self.cookie} if self.cookie else {}


@contextmanager
def open_desk(town: Town) -> Iterator[tuple[Town, Visitor]]:
    """The pages on a port of their own, and the town as it is under that address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    here = replace(town, frame=replace(town.frame, public_url=f"http://127.0.0.1:{port}"))
    with open_pages(Pages(here.store, here.frame, here.clock, None), port=port) as visitor:
        yield here, visitor


def hire(town: Town, address: Address, seller: str, role: Role) -> None:
    """Somebody works for this seller from now on."""
    with town.store.look() as look:
        found = find_seller_of(look, seller)
    add_to_team(town.store, found, address, role, town.clock.now(), "test")


def link_for(town: Town, address: Address) -> str:
    """The path of a sign-in link, as the operator's command makes one."""
    return urlsplit(make_link_for(town.store, town.frame, address, town.clock.now())).path


def sign_in(town: Town, visitor: Visitor, address: Address) -> Clerk:
    """A clerk who is signed in."""
    clerk = Clerk(visitor)
    assert clerk.post(link_for(town, address)).status == 303
    clerk.get("/sessions")
    return clerk
