"""``postern person``: what the law lets people ask for, to be forgotten and to have a copy."""

import json
import sys
from pathlib import Path
from typing import Annotated
from uuid import UUID

import typer

from postern.actions.erase_person import Erased, Needed, Outcome, erase_person
from postern.actions.export_person import export_person
from postern.actions.name_person import find_buyer_or_person, find_correspondent_with
from postern.cli.console import DEFAULT_CONFIG, FAILED, AsJson, Config, store_of
from postern.storage.store import Store

app = typer.Typer(no_args_is_help=True, help="Forgetting a person, and giving them a copy.")


@app.command("erase")
def person_erase(
    buyer: Annotated[str, typer.Argument(metavar="[BUYER]", help="A buyer by your own id, MARKETPLACE/ID, or per_…")] = "",
    address: Annotated[
        str, typer.Option(metavar="ADDRESS|-", help="Instead: whoever writes for sellers from this address; - reads it.")
    ] = "",
    config: Config = DEFAULT_CONFIG,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,  # noqa: FBT002 - a flag
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Forget a person for good: keys, names, addresses, mails and words. A legal hold delays it until it ends."""
    if bool(buyer) == bool(address):
        raise typer.BadParameter("name a buyer, or an --address")
    with store_of(config) as (house, store):
        person_id = _find(store, buyer, address)
        if not yes:
            typer.confirm("What is erased cannot be brought back. Erase?", abort=True)
        outcome = erase_person(store, house.clock, person_id)
    typer.echo(json.dumps(_tell(outcome)) if as_json else _say(outcome))
    if isinstance(outcome, Needed):
        sys.exit(FAILED)


@app.command("export")
def person_export(
    buyer: Annotated[str, typer.Argument(metavar="BUYER", help="A buyer by your own id, MARKETPLACE/ID, or per_…")],
    out: Annotated[Path, typer.Option(metavar="DIR|FILE.zip", help="A folder to make, or a ZIP file.")],
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Write down all that is kept of a buyer: their data as JSON, their mails as .eml, and nothing that names the other side."""
    with store_of(config) as (house, store):
        count = export_person(store, house.clock, _find(store, buyer, ""), out)
    typer.echo(json.dumps({"out": str(out), "mails": count}) if as_json else f"{out}: person.json and {count} mails.")


def _find(store: Store, buyer: str, address: str) -> UUID:
    with store.look() as look:
        if buyer:
            return find_buyer_or_person(look, buyer)
        return find_correspondent_with(look, sys.stdin.readline().strip() if address == "-" else address)


def _tell(outcome: Outcome) -> dict[str, object]:
    if isinstance(outcome, Erased):
        return {"erased": True, "messages": outcome.messages}
    return (
        {"erased": False, "needed_by": list(outcome.sellers)} if isinstance(outcome, Needed) else {"erased": False, "held": True}
    )


def _say(outcome: Outcome) -> str:
    if isinstance(outcome, Erased):
        log = "" if outcome.scrubbed else " The store's log was in use and is cut by the next run of retention."
        return f"Erased, with what {outcome.messages} messages said.{log}"
    if isinstance(outcome, Needed):
        return (
            f"Not erased: buyers' mail for {', '.join(outcome.sellers)} goes to this address. "
            "Import another customer_service_address first."
        )
    return "Contact has ended. The rest waits for a legal hold and goes by itself when that ends: see `postern legal-hold list`."
