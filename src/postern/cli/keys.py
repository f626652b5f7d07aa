"""``postern keys``: a new master key, and everything under it."""

import json
from typing import Annotated

import typer

from postern.actions.rewrap_keys import rewrap_keys
from postern.cli.console import DEFAULT_CONFIG, AsJson, Config, store_of
from postern.keys import add_master
from postern.storage.rewrapping import count_keys
from postern.wiring import build_house

app = typer.Typer(no_args_is_help=True, help="The master keys.")


@app.command("list")
def keys_list(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """The master keys by number, and how many keys of persons and pairs each wraps."""
    house = build_house(config)
    with house.open_reader(connections=1).look() as look:
        counts = dict.fromkeys(sorted(house.frame.keyring.masters), 0) | count_keys(look)
    if as_json:
        typer.echo(json.dumps([{"key": key_id, "wraps": count} for key_id, count in sorted(counts.items())]))
        return
    for key_id, count in sorted(counts.items()):
        told = " (marks need it for ever)" if key_id == min(counts) else ""
        typer.echo(f"key {key_id} wraps {count} keys{told}")


@app.command("rotate")
def keys_rotate(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Add a master key. A running Postern takes it up by itself; copy the file to every machine."""
    path = build_house(config).settings.keys.master_file
    key_id = add_master(path)
    if as_json:
        typer.echo(json.dumps({"key": key_id}))
        return
    typer.echo(
        f"Key {key_id} is in {path}. Copy the file to every machine and to where you keep it safe; then `postern keys rewrap`."
    )


@app.command("rewrap")
def keys_rewrap(
    config: Config = DEFAULT_CONFIG,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,  # noqa: FBT002 - a flag
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Bring the keys of all persons and pairs under the newest master. May be interrupted, and run again."""
    if not yes:
        typer.confirm("A machine without the newest key file will open nothing afterwards. Has every one got it?", abort=True)
    with store_of(config) as (_, store):
        count = rewrap_keys(store)
    typer.echo(json.dumps({"rewrapped": count}) if as_json else f"{count} keys are under the newest master now.")
