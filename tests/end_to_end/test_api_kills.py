"""A program sends by the API, and `serve` is killed between what it does and what it answers: each message is sent once."""

import json
import random
import socket
import time
from contextlib import suppress
from http.client import HTTPException

import pytest
from sqlalchemy import func, select

from postern.storage.schema import message
from postern.wiring import build_house
from tests.serving import MAIL_DOMAIN, Installation
from tests.sink import Sink
from tests.visitor import Answer, Visitor

KILLS = 6
SECONDS = 30
PATH = "/api/v1/marketplaces/de/orders/{order}/messages"

pytestmark = pytest.mark.timeout(300)  # starts servers again and again


def shop() -> list[dict[str, object]]:
    """One seller, one buyer, and an order for each message."""
    orders: list[dict[str, object]] = [
        {
            "kind": "order",
            "id": f"order-{number}",
            "marketplace": "de",
            "seller": "acme",
            "buyer": "ann",
            "status": "unshipped",
            "fulfilment": "seller",
            "placed_at": "2026-11-20T10:00:00Z",
            "items": [{"sku": "B1", "title": "Atlas"}],
        }
        for number in range(KILLS + 1)
    ]
    return [
        {
            "kind": "marketplace",
            "id": "de",
            "name": "Example Market",
            "mail_domain": MAIL_DOMAIN,
            "language": "en",
            "time_zone": "Europe/Berlin",
        },
        {
            "kind": "seller",
            "id": "acme",
            "business_name": "Acme Books",
            "language": "en",
            "customer_service_address": "help@acme.test",
        },
        {"kind": "buyer", "id": "ann", "marketplace": "de", "name": "Ann Example", "address": "ann@mail.test"},
        *orders,
    ]


def body_of(number: int) -> bytes:
    """The message bears a mark by which the next hop counts it."""
    return json.dumps({"reason": "order_details", "fields": {"message": f"Is blue fine? mail-0-{number}"}}).encode()


def headers(key: str, number: int) -> dict[str, str]:
    return {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Idempotency-Key": f"message-{number}"}


def begin(installation: Installation, key: str, number: int) -> socket.socket:
    """Send the call, and read no answer."""
    head = "".join(f"{name}: {value}\r\n" for name, value in headers(key, number).items())
    line = f"POST {PATH.format(order=f'order-{number}')} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(body_of(number))}\r\n"
    connection = socket.create_connection(("127.0.0.1", installation.web_port), timeout=SECONDS)
    connection.sendall(f"{line}{head}\r\n".encode() + body_of(number))
    return connection


def ask(installation: Installation, key: str, number: int) -> Answer:
    """Call until there is an answer, as a client does whose server is away."""
    deadline = time.monotonic() + SECONDS
    while time.monotonic() < deadline:
        with suppress(OSError, HTTPException):
            path = PATH.format(order=f"order-{number}")
            return Visitor(installation.web_port).ask("POST", path, body_of(number), **headers(key, number))
        time.sleep(0.1)
    raise TimeoutError("no answer")


def count_of(installation: Installation) -> int:
    reader = build_house(installation.config).open_reader(connections=1)
    try:
        with reader.look() as look:
            return look.connection.execute(select(func.count()).select_from(message)).scalar_one()
    finally:
        reader.close()


def test_a_kill_between_commit_and_answer_sends_one_message(installation: Installation, sink: Sink) -> None:
    # D-22
    installation.import_feed(shop())
    key = json.loads(installation.run("key create", "--seller", "acme", "--json"))["key"]
    served = installation.start()
    try:
        assert ask(installation, key, KILLS).status == 201
        for number in range(KILLS):
            with begin(installation, key, number):
                if number == 0:  # surely after the commit: the answer is all that is missing
                    while count_of(installation) < 2:
                        time.sleep(0.01)
                else:
                    time.sleep(random.uniform(0.0, 0.12))
                served.kill()
            served = installation.start()
            answer = ask(installation, key, number)
            assert answer.status in (200, 201), answer.body
            assert number or json.loads(answer.body)["repeated"]
            assert count_of(installation) == number + 2
        installation.empty_queue(SECONDS)
    finally:
        served.stop()
    assert count_of(installation) == KILLS + 1
    copies = sink.tell().copies
    assert set(copies) == {f"mail-0-{number}" for number in range(KILLS + 1)}
    assert all(len(names) == 1 for names in copies.values()), "a second copy would bear the Message-ID of its first"
