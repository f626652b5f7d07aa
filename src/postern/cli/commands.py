"""The command line: reads arguments, calls one action, prints. Exit codes: 0 done, 1 failed, 2 usage, 4 not found,
78 settings.
"""

import asyncio
import json
import logging
import signal
import sys
from collections.abc import Callable, Coroutine
from contextlib import closing
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from postern import __version__
from postern.actions.find_aliases import find_aliases
from postern.actions.import_feed import import_feed, open_feed, read_feed
from postern.cli import (
    backup,
    bench,
    bounces,
    catalogue,
    contact,
    evidence,
    held,
    key,
    keys,
    legal_hold,
    person,
    queue,
    reasons,
    record,
    retention,
    senders,
    team,
    template,
)
from postern.cli.console import DEFAULT_CONFIG, FAILED, MISCONFIGURED, NOT_FOUND, AsJson, Config, end, progress, store_of
from postern.cli.doctor import dns, doctor
from postern.cli.explain import explain
from postern.cli.ledger import ledger
from postern.cli.preference import preference
from postern.cli.quickstart import quickstart
from postern.errors import ConfigurationError, FeedError, NotFoundError, PosternError
from postern.installation import install
from postern.storage.engine import open_writer, read_url
from postern.storage.migrate import migrate as migrate_store
from postern.wiring import build_house

app = typer.Typer(no_args_is_help=True, add_completion=False, help="A private line between a marketplace's buyers and sellers.")
app.add_typer(queue.app, name="queue")
app.add_typer(backup.app, name="backup")
app.add_typer(key.app, name="key")
app.add_typer(keys.app, name="keys")
app.add_typer(legal_hold.app, name="legal-hold")
app.add_typer(retention.app, name="retention")
app.add_typer(person.app, name="person")
app.add_typer(record.app, name="record")
app.add_typer(held.app, name="held")
app.add_typer(senders.app, name="sender")
app.add_typer(team.app, name="team")
app.add_typer(bounces.app, name="bounces")
app.add_typer(bench.app, name="bench")
app.add_typer(catalogue.app, name="catalogue")
app.add_typer(contact.app, name="contact")
app.add_typer(template.app, name="template")
app.add_typer(dns, name="dns")
app.command("doctor")(doctor)
app.command("quickstart")(quickstart)
app.add_typer(evidence.app, name="evidence")
app.command("explain")(explain)
app.command("ledger")(ledger)
app.command("preference")(preference)
app.command("reasons")(reasons.print_reasons)


class Role(StrEnum):
    """Which parts of the system a process runs."""

    ALL = "all"
    SMTP = "smtp"
    WEB = "web"
    WORKER = "worker"


def main() -> None:
    """Entry point of ``postern``: errors of ours are one line, never a traceback."""
    try:
        app()
    except ConfigurationError as error:
        end(error, MISCONFIGURED)
    except NotFoundError as error:
        end(error, NOT_FOUND)
    except FeedError as error:  # FILE:LINE: comes first, for editors to jump to
        typer.echo(str(error), err=True)
        sys.exit(FAILED)
    except PosternError as error:
        end(error, FAILED)


@app.command()
def version() -> None:
    """Print the version."""
    typer.echo(__version__)


@app.command()
def init(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="A folder for the installation; made if it is not there.")],
    mail_domain: Annotated[str, typer.Option(help="The mail domain to make DKIM keys for.")] = "marketplace.example",
) -> None:
    """Make postern.toml, the data folder, the key file and DKIM keys. Overwrites nothing."""
    for line in install(folder, mail_domain):
        typer.echo(line)
    typer.echo("Mail goes into a sandbox until delivery.next_hop says where; `postern quickstart DOMAIN` prepares for real mail.")
    config = folder / "postern.toml"
    typer.echo(f"Next: postern migrate --config {config} && postern serve --config {config}")


@app.command()
def migrate(config: Config = DEFAULT_CONFIG) -> None:
    """Bring the store to this version's schema."""
    house = build_house(config)
    house.settings.service.data_dir.mkdir(parents=True, exist_ok=True, mode=0o700)
    engine = open_writer(read_url(house.settings.store.url))
    before, after = migrate_store(engine)
    engine.dispose()
    typer.echo("The store is up to date." if before == after else f"Migrated the store from {before or 'nothing'} to {after}.")


@app.command()
def serve(config: Config = DEFAULT_CONFIG, role: Annotated[Role, typer.Option(help="Which parts to run.")] = Role.ALL) -> None:
    """Run Postern. SIGTERM drains: mails under way get their reply, attempts their end."""
    from postern.serving import read_role, serve as serve_house  # noqa: PLC0415, I001 - the servers' libraries load slowly

    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", stream=sys.stderr)
    house = build_house(config)

    async def run() -> None:
        stopped = asyncio.Event()
        for number in (signal.SIGTERM, signal.SIGINT):
            asyncio.get_running_loop().add_signal_handler(number, stopped.set)
        await serve_house(house, read_role(role), stopped, lambda line: typer.echo(f"postern {__version__}: {line}"))

    _run_loop(run)


@app.command("import")
def import_(
    file: Annotated[str, typer.Argument(metavar="FILE|-", help="JSON Lines; - reads standard input.")],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Import marketplaces, sellers, buyers and orders. One bad line, and nothing is imported."""
    with (
        store_of(config) as (_, store),
        open_feed(file) as stream,
        progress() as bar,
    ):
        task = bar.add_task("Reading", total=None)
        with closing(read_feed(store, file, stream, lambda count: bar.update(task, completed=count))) as feed:
            bar.update(task, description="Importing", completed=0)
            result = import_feed(store, feed, lambda done, total: bar.update(task, completed=done, total=total))
    for kind, tally in result.tallies.items():
        typer.echo(f"{kind}: {tally.added} added, {tally.changed} changed, {tally.unchanged} as they were")


@app.command()
def alias(seller: str, buyer: str, config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Print the two aliases of a seller and a buyer, by your own ids; they are minted on first need."""
    with store_of(config) as (house, store):
        pair = find_aliases(store, house.clock, seller, buyer)
    if as_json:
        typer.echo(json.dumps({"buyer_alias": pair.buyer_alias, "seller_alias": pair.seller_alias}))
        return
    typer.echo(f"the seller writes to the buyer at  {pair.buyer_alias}")
    typer.echo(f"the buyer writes to the seller at  {pair.seller_alias}")


@app.command()
def demo(
    once: Annotated[bool, typer.Option("--once", help="End after the conversation.")] = False,  # noqa: FBT002 - a flag
) -> None:
    """Play a short conversation in a demo marketplace, through the real doors, and stay open to look around."""
    from postern.demo import play  # noqa: PLC0415 - as in serve

    _run_loop(lambda: play(once=once))


def _run_loop(run: Callable[[], Coroutine[object, object, None]]) -> None:
    try:
        import uvloop  # noqa: PLC0415 - not there on every system
    except ImportError:
        asyncio.run(run())
    else:
        uvloop.run(run())
