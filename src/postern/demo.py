"""A demo marketplace that plays a short conversation through the real doors: what a newcomer sees first.

Everything is real but the next hop: SQLite, the SMTP door, the pool, the queue, the pages. Outgoing mail stays in the outbox.
It is made in a temporary folder, and the folder is gone when the demo ends.
"""

import asyncio
import email
import email.policy
import io
import json
import os
import shutil
import smtplib
import socket
import tempfile
from contextlib import closing
from email.message import EmailMessage
from email.utils import make_msgid
from pathlib import Path

import typer

from postern.actions.find_aliases import find_aliases
from postern.actions.import_feed import import_feed, read_feed
from postern.actions.keep_team import add_to_team
from postern.actions.permit_senders import find_seller_of
from postern.actions.sign_in import make_link_for
from postern.errors import PosternError
from postern.installation import install
from postern.model.address import Address
from postern.model.relationship import Relationship
from postern.model.team import Role
from postern.serving import Roles, serve
from postern.storage.engine import open_writer, read_url
from postern.storage.migrate import migrate
from postern.wiring import House, build_house

FEED = (
    {
        "kind": "marketplace",
        "id": "de",
        "name": "Example Market",
        "mail_domain": "marketplace.example",
        "language": "de",
        "time_zone": "Europe/Berlin",
        "cancel_order_url": "https://shop.example/orders/{order}/cancel",
        "report_infringement_url": "https://shop.example/infringement",
    },
    {
        "kind": "seller",
        "id": "acme",
        "business_name": "Acme Books",
        "language": "en",
        "customer_service_address": "help@acme.test",
        "registered_senders": ["help@acme.test"],
        "average_daily_orders": 12,
        "bounce_on_opt_out": True,
    },
    {"kind": "buyer", "id": "ann", "marketplace": "de", "name": "Ann Example", "address": "ann@mail.test", "opted_out": False},
    {
        "kind": "order",
        "id": "303-5512345-1234567",
        "marketplace": "de",
        "seller": "acme",
        "buyer": "ann",
        "status": "unshipped",
        "fulfilment": "seller",
        "placed_at": "2026-11-20T10:00:00Z",
        "items": [
            {
                "sku": "B1",
                "title": "Atlas of the North Sea",
                "category": "books",
                "quantity": 1,
                "customised": False,
                "service": False,
                "digital": False,
                "scheduled_delivery": False,
            }
        ],
    },
)
# The demo's DNS: mail of these three may come from this machine, and nothing else exists.
ZONE = """\
. SOA ns.test. hostmaster.test. 1 3600 600 86400 60
mail.test. TXT "v=spf1 ip4:127.0.0.1 -all"
acme.test. TXT "v=spf1 ip4:127.0.0.1 -all"
carrier.test. TXT "v=spf1 ip4:127.0.0.1 -all"
"""
WAIT_SECONDS = 30
_RULE = "-" * 72


async def play(*, once: bool) -> None:
    """Make the marketplace, serve it, hold the conversation; then end, or stay until the terminal says stop."""
    folder = Path(tempfile.mkdtemp(prefix="postern-demo-"))
    try:
        await _play_in(folder, once=once)
    finally:
        shutil.rmtree(folder, ignore_errors=True)


async def _play_in(folder: Path, *, once: bool) -> None:
    house, pair = await asyncio.to_thread(_make_marketplace, folder)
    stopped, doors = asyncio.Event(), asyncio.Queue[str]()
    serving = asyncio.create_task(serve(house, Roles(smtp=True, web=True, worker=True), stopped, doors.put_nowait))
    try:
        for _ in range(2):
            typer.echo(await _next_door(doors, serving))
        await asyncio.to_thread(_converse, house, pair)
        if not once:
            _say_where_to_look(house, pair, await asyncio.to_thread(_hire, house))
            await _until_interrupted()
    finally:
        stopped.set()
        await serving


async def _next_door(doors: "asyncio.Queue[str]", serving: "asyncio.Task[None]") -> str:
    opened = asyncio.create_task(doors.get())
    await asyncio.wait({opened, serving}, return_when=asyncio.FIRST_COMPLETED)
    if not opened.done():
        opened.cancel()
        await serving  # raises what went wrong
        raise PosternError("the demo did not start")
    return await opened


async def _until_interrupted() -> None:
    import signal  # noqa: PLC0415 - only where somebody waits

    interrupted = asyncio.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, interrupted.set)
    await interrupted.wait()


def _make_marketplace(folder: Path) -> tuple[House, Relationship]:
    """init, migrate, import, alias: what an operator does, in the same words."""
    typer.echo(f"A marketplace is made in {folder}")
    (folder / "demo.zone").write_text(ZONE)
    install(
        folder / "postern", "marketplace.example", {"authentication": {"mode": "enforce"}, "dns": {"zone_file": "../demo.zone"}}
    )
    smtp_port, web_port = _free_port(2525), _free_port(8480)
    os.environ["POSTERN__SMTP__LISTEN"] = f"127.0.0.1:{smtp_port}"  # the pool's processes read it too
    os.environ["POSTERN__SERVICE__PUBLIC_URL"] = f"http://127.0.0.1:{web_port}"
    house = build_house(folder / "postern" / "postern.toml")
    engine = open_writer(read_url(house.settings.store.url))
    migrate(engine)
    engine.dispose()
    with closing(house.open_store()) as store:
        lines = b"".join(json.dumps(line).encode() + b"\n" for line in FEED)
        with closing(read_feed(store, "demo", io.BytesIO(lines))) as feed:
            import_feed(store, feed)
        return house, find_aliases(store, house.clock, "acme", "ann")


def _free_port(wanted: int) -> int:
    """The usual port, or another where something listens there already."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise PosternError("no port is free on 127.0.0.1")


def _converse(house: House, pair: Relationship) -> None:
    """Ann asks, Acme answers, Mallory tries twice."""
    question = EmailMessage()
    question["From"] = "Ann Example <ann@mail.test>"
    question["To"] = pair.seller_alias
    question["Subject"] = "Order 303-5512345-1234567: is it on its way?"
    question["Message-ID"] = make_msgid(domain="mail.test")
    question.set_content("Hello,\n\nwhen will the atlas arrive? It is a present for Friday.\n\nAnn\nann@mail.test\n")
    typer.echo(f"\nAnn writes from ann@mail.test to {pair.seller_alias}, the only address of Acme Books she knows.")
    _send(house, question, "ann@mail.test", pair.seller_alias)
    received = _show_arrival(house, "help@acme.test", "Acme Books receives")

    answer = EmailMessage()
    answer["From"] = "Acme Books <help@acme.test>"
    answer["To"] = str(received["From"])
    answer["Subject"] = f"Re: {received['Subject']}"
    answer["Message-ID"] = make_msgid(domain="acme.test")
    answer["In-Reply-To"] = str(received["Message-ID"])
    answer["References"] = str(received["Message-ID"])
    quoted = "\n".join(f"> {line}" for line in _text_of(received).splitlines())
    answer.set_content(f"Dear Ann,\n\nit leaves today and will be there on Thursday.\n\nAcme Books\nhelp@acme.test\n\n{quoted}\n")
    typer.echo("\nAcme Books presses Reply in its mail program.")
    _send(house, answer, "help@acme.test", pair.buyer_alias)
    _show_arrival(house, "ann@mail.test", "Ann receives")

    typer.echo("\nMallory, a carrier who was given Ann's alias, writes to it too:")
    _try_in_vain(house, question, pair, author="mallory@carrier.test")
    typer.echo("\nMallory writes once more, with the address of Acme Books in From:")
    _try_in_vain(house, question, pair, author="help@acme.test")


def _try_in_vain(house: House, mail: EmailMessage, pair: Relationship, author: str) -> None:
    try:
        _send(house, mail, "mallory@carrier.test", pair.buyer_alias, author=author)
    except smtplib.SMTPResponseException as error:
        said = error.smtp_error.decode("ascii", "replace") if isinstance(error.smtp_error, bytes) else error.smtp_error
        for line in said.splitlines():
            typer.echo(f"  {error.smtp_code} {line}")
    else:
        raise PosternError("the demo's last mails should have been refused")


def _send(house: House, mail: EmailMessage, sender: str, recipient: str, author: str = "") -> None:
    host, _, port = house.settings.smtp.listen.rpartition(":")
    if author:
        mail = email.message_from_bytes(mail.as_bytes(), policy=email.policy.default)
        mail.replace_header("From", author)
    with smtplib.SMTP(host, int(port), timeout=WAIT_SECONDS) as client:
        client.send_message(mail, sender, [recipient])


def _show_arrival(house: House, recipient: str, heading: str) -> EmailMessage:
    """Wait until the outbox has a mail for this recipient, print it, and give it back."""
    mail = email.message_from_bytes(_await_mail(house, recipient), policy=email.policy.default)
    typer.echo(f"\n{heading}:\n{_RULE}")
    for name in ("From", "To", "Subject", "Date"):
        typer.echo(f"{name}: {mail[name]}")
    typer.echo("")
    typer.echo(_text_of(mail).rstrip())
    typer.echo(_RULE)
    return mail


def _await_mail(house: House, recipient: str) -> bytes:
    import time  # noqa: PLC0415 - a thread of its own waits here

    outbox = house.outbox()
    deadline = time.monotonic() + WAIT_SECONDS
    while outbox and time.monotonic() < deadline:
        for mail in outbox.mails():
            if mail.recipient == recipient:
                return mail.raw
        time.sleep(0.05)
    raise PosternError("the demo's mail did not arrive in the outbox")


def _text_of(mail: EmailMessage) -> str:
    part = mail.get_body(("plain",))
    return str(part.get_content()) if part else ""


def _hire(house: House) -> str:
    """Somebody works for Acme Books, and has a link to sign in by: what `postern team` and the mail do elsewhere."""
    clerk = Address.parse("help@acme.test")
    with closing(house.open_store()) as store:
        with store.look() as look:
            seller = find_seller_of(look, "acme")
        add_to_team(store, seller, clerk, Role.OWNER, house.clock.now(), "demo")
        return make_link_for(store, house.frame, clerk, house.clock.now())


def _say_where_to_look(house: House, pair: Relationship, link: str) -> None:
    typer.echo(
        f"""
Look around, then press Ctrl-C:
  the seller's desk   {link}
  outgoing mail       {house.frame.public_url}/sandbox/outbox
  a mail's story      postern explain MESSAGE-ID --config {house.config}
  the queue           postern queue list --config {house.config}
  write as Ann        from ann@mail.test to {pair.seller_alias}, SMTP on {house.settings.smtp.listen}
  write as Acme       from help@acme.test to {pair.buyer_alias}"""
    )
