"""``postern sender secret``: secrets with which a seller's mail programs sign in to send."""

import json
from typing import Annotated

import typer

from postern.actions.issue_secrets import Enough, MayNotWrite, NewSecret, create_secret, list_secrets_of, revoke_secret
from postern.actions.permit_senders import Decided, find_seller_of
from postern.cli.console import DEFAULT_CONFIG, AsJson, Config, fail, read_address, read_name, store_of
from postern.model.identifier import show
from postern.model.journal import Value
from postern.wiring import SubmissionDoor, build_house

app = typer.Typer(no_args_is_help=True, help="Secrets with which a seller's mail programs sign in to send (SMTP submission).")

Name = Annotated[str, typer.Argument(metavar="SELLER", help="The seller's id in your shop.")]
Typed = Annotated[str, typer.Argument(metavar="ADDRESS", help="An e-mail address that may write for the seller.")]
Shown = Annotated[str, typer.Argument(metavar="SECRET", help="The secret's name, sec_..., as `sender secret list` tells it.")]
OPERATOR = "operator"


@app.command("create")
def secret_create(seller: Name, address: Typed, config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Make a secret for one address, and say what to set in its mail program. It is shown this once."""
    typed = read_address(address)
    with store_of(config) as (house, store):
        with store.look() as look:
            found = find_seller_of(look, seller)
        made = create_secret(store, house.frame, found, typed, Decided(OPERATOR, house.clock.now()))
    match made:
        case MayNotWrite():
            fail("mail from this address is not taken for the seller: `postern sender list` says why")
        case Enough(maximum):
            fail(f"this address has {maximum} secrets: revoke one that is not used any more")
        case NewSecret():
            _tell_new(made, typed.reveal(), house.submission_door(), as_json=as_json)


@app.command("list")
def secret_list(seller: Name, config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """The secrets of a seller: for which address, how each begins, when it was made and last used."""
    with build_house(config).open_reader(connections=1).look() as look:
        listed = list_secrets_of(look, find_seller_of(look, seller))
    rows: list[dict[str, Value]] = [
        {
            "id": show("sec", one.id),
            "address": one.address.reveal(),
            "begins": one.shown,
            "made_at": one.made_at.isoformat(timespec="seconds"),
            "used_at": one.used_at.isoformat(timespec="seconds") if one.used_at else None,
        }
        for one in listed
    ]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        used = f"last used about {row['used_at']}" if row["used_at"] else "never used"
        typer.echo(f"{row['id']}: {row['address']}, {row['begins']}..., made {row['made_at']}, {used}")


@app.command("revoke")
def secret_revoke(seller: Name, secret: Shown, config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002
    """End a secret at once. Programs that use it cannot sign in any more; sessions that are open come to their end."""
    secret_id = read_name("sec", secret, "no secret has this name: give sec_...")
    with store_of(config) as (house, store):
        with store.look() as look:
            found = find_seller_of(look, seller)
        revoke_secret(store, found, secret_id, Decided(OPERATOR, house.clock.now()))
    typer.echo(json.dumps({"revoked": secret}) if as_json else "Revoked.")


def _tell_new(made: NewSecret, address: str, door: SubmissionDoor, *, as_json: bool) -> None:
    if as_json:
        row: dict[str, Value] = {"id": show("sec", made.kept.id), "secret": made.secret, "user": address}
        typer.echo(json.dumps(row | {"host": door.host, "port": door.port, "security": door.security}))
        return
    typer.echo(f"The secret {show('sec', made.kept.id)}, shown this once: {made.secret}\n")
    if door.port is None:
        typer.echo("Set [submission] listen and start `postern serve` anew: until then no mail program can sign in.\n")
    typer.echo("In the mail program, for outgoing mail (SMTP):")
    rows = {
        "Server": door.host,
        "Port": door.port or "that of [submission] listen",
        "Connection security": door.security,
        "Authentication": "normal password (PLAIN or LOGIN)",
        "User name": address,
        "Password": "the secret",
        "Sender (From)": f"{address}; mail from another address is refused",
    }
    for name, value in rows.items():
        typer.echo(f"  {name + ':':<21} {value}")
    typer.echo("\nIncoming mail stays as it is: buyers' messages come to the customer-service address. Answer them there.")
