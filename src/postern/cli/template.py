"""``postern template``: sellers' own templates."""

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from postern.actions.keep_templates import remove_template, save_template
from postern.actions.permit_senders import find_seller_of
from postern.cli.console import DEFAULT_CONFIG, AsJson, Config, store_of
from postern.model.seller_template import SellerTemplate
from postern.storage.seller_templates import list_templates
from postern.wiring import build_house

app = typer.Typer(no_args_is_help=True, help="Sellers' own templates, with variables, in the languages that they need.")

Owner = Annotated[str, typer.Argument(metavar="SELLER", help="The seller's id in your shop.")]
Name = Annotated[str, typer.Argument(metavar="NAME", help="Such as thanks-for-photos.")]
Tongue = Annotated[str, typer.Argument(metavar="LANGUAGE", help="Such as de or pt-BR.")]


@app.command("list")
def template_list(seller: Owner, config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """A seller's templates."""
    with build_house(config).open_reader(connections=1).look() as look:
        listed = list_templates(look, find_seller_of(look, seller).id)
    if as_json:
        typer.echo(json.dumps([asdict(one) for one in listed]))
        return
    for one in listed:
        typer.echo(f"{one.name} ({one.language}): {one.text.splitlines()[0][:60]}")


@app.command("save")
def template_save(
    seller: Owner,
    name: Name,
    language: Tongue,
    text: Annotated[
        str, typer.Argument(metavar="TEXT|-", help="The words; - reads standard input. Variables: {order}, {buyer} ...")
    ],
    config: Config = DEFAULT_CONFIG,
) -> None:
    """Keep a template, in the place of one with this name and language."""
    words = sys.stdin.read() if text == "-" else text
    with store_of(config) as (house, store):
        with store.look() as look:
            found = find_seller_of(look, seller)
        save_template(store, found, SellerTemplate(name, language, words), house.clock.now())
    typer.echo("Saved.")


@app.command("remove")
def template_remove(seller: Owner, name: Name, language: Tongue, config: Config = DEFAULT_CONFIG) -> None:
    """Take a template away."""
    with store_of(config) as (_, store):
        with store.look() as look:
            found = find_seller_of(look, seller)
        remove_template(store, found, name, language)
    typer.echo("Removed.")
