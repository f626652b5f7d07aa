"""``postern key``: keys for programs that use the API."""

import json
from datetime import datetime
from typing import Annotated

import typer

from postern.actions.issue_keys import Wish, create_key, revoke_key
from postern.actions.permit_senders import find_seller_of
from postern.cli.console import DEFAULT_CONFIG, AsJson, Config, read_name, store_of
from postern.model.api_key import ApiKey, Scope
from postern.model.identifier import show
from postern.model.journal import Value
from postern.storage.api_keys import list_keys
from postern.storage.people import find_seller
from postern.storage.store import Look
from postern.wiring import build_house

app = typer.Typer(no_args_is_help=True, help="Keys for programs that use the API.")

BY = "operator"
SellerOption = Annotated[str, typer.Option("--seller", metavar="SELLER", help="The seller's id in your shop.")]


@app.command("create")
def key_create(  # noqa: PLR0913, PLR0917 - each is an option
    seller: SellerOption = "",
    operator: Annotated[bool, typer.Option("--operator", help="A key for your own shop instead of a seller.")] = False,  # noqa: FBT002 - a flag
    scope: Annotated[list[Scope] | None, typer.Option(help="What it may do; again for more. Without: all there is.")] = None,
    label: Annotated[str, typer.Option(help="What will use it, so that you know it again.")] = "",
    days: Annotated[int | None, typer.Option(min=1, max=36_500, help="How long it works. Without: until revoked.")] = None,
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Make a key. It is shown this once: only a digest of it is kept."""
    if bool(seller) == operator:
        raise typer.BadParameter("say --seller SELLER, or --operator")
    with store_of(config) as (house, store):
        with store.look() as look:
            found = find_seller_of(look, seller) if seller else None
        made = create_key(store, Wish(found, label, scope or (), days), house.clock.now(), BY)
    if as_json:
        typer.echo(json.dumps({"key": made.secret, **_tell(made.key, seller or None)}))
        return
    typer.echo(made.secret)
    typer.echo(f"Keep it safe: it cannot be shown again. Revoke it with: postern key revoke {show('key', made.key.id)}", err=True)


@app.command("list")
def key_list(seller: SellerOption = "", config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """The keys there are, or a seller's: how each begins, what it may do, and roughly when it was last used."""
    with build_house(config).open_reader(connections=1).look() as look:
        keys = list_keys(look, find_seller_of(look, seller).id if seller else None)
        rows = [_tell(one, _holder(look, one)) for one in keys]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        typer.echo(_say(row))


@app.command("revoke")
def key_revoke(
    key: Annotated[str, typer.Argument(metavar="KEY", help="key_… as `postern key list` shows it.")],
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """End a key at once."""
    key_id = read_name("key", key, "no key has this name")
    with store_of(config) as (house, store):
        is_new = revoke_key(store, key_id, house.clock.now(), BY)
    sentence = "Revoked." if is_new else "It was revoked already."
    typer.echo(json.dumps({"state": "revoked", "changed": is_new}) if as_json else sentence)


def _holder(look: Look, key: ApiKey) -> str | None:
    return find_seller(look, key.seller_id).name if key.seller_id else None


def _tell(key: ApiKey, seller: str | None) -> dict[str, Value]:
    return {
        "id": show("key", key.id),
        "begins": key.shown,
        "seller": seller,
        "label": key.label,
        "scopes": [*sorted(key.scopes)],
        "made_at": _spell(key.made_at),
        "expires_at": _spell(key.expires_at),
        "revoked_at": _spell(key.revoked_at),
        "last_used_at": _spell(key.last_used_at),
    }


def _say(row: dict[str, Value]) -> str:
    holder = f"seller {row['seller']}" if row["seller"] else "operator"
    told = [f"{row['id']}  {row['begins']}…  {holder}"]
    told += [str(row["label"])] if row["label"] else []
    told += [f"{word} {row[name]}" for word, name in _TIMES if row[name]]
    return ", ".join(told)


_TIMES = (("expires", "expires_at"), ("revoked", "revoked_at"), ("last used", "last_used_at"))


def _spell(moment: datetime | None) -> str | None:
    return moment.isoformat(timespec="seconds") if moment else None
