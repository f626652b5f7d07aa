"""``postern held``: messages that wait for a person's decision."""

import json
from typing import Annotated

import typer

from postern.actions.decide_held import Waiting, find_waiting, list_waiting, refuse, release
from postern.actions.explain import explain, find_one_message
from postern.cli.console import DEFAULT_CONFIG, AsJson, Config, store_of
from postern.language import DEFAULT_LANGUAGE
from postern.model.identifier import show
from postern.model.journal import Value
from postern.wiring import build_house

app = typer.Typer(no_args_is_help=True, help="Messages that wait for a person's decision.")

Name = Annotated[str, typer.Argument(metavar="MESSAGE", help="msg_…")]
OPERATOR = "operator"


@app.command("list")
def held_list(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """What is held, the oldest first, and until when somebody can decide."""
    house = build_house(config)
    with house.open_reader(connections=1).look() as look:
        rows = [_tell(one) for one in list_waiting(look, house.frame, house.clock.now())]
    if as_json:
        typer.echo(json.dumps(rows))
        return
    for row in rows:
        typer.echo(f"{row['message']}  from the {row['from']}, {row['received_at']}, decide by {row['decide_by']}")
        typer.echo(f"    {row['sentence']}")
    if not rows:
        typer.echo("Nothing is held.")


@app.command("show")
def held_show(message: Name, config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """One held message: why, and its story. Its text is not shown."""
    house = build_house(config)
    with house.open_reader(connections=1).look() as look:
        found = find_one_message(look, message)
        waiting = find_waiting(house.frame, found)
        story = explain(look, found)
    row = _tell(waiting)
    if as_json:
        typer.echo(json.dumps(row | {"story": list(story)}))
        return
    typer.echo(
        "\n".join(
            (*story, f"Why: {row['sentence']}", f"Decide by {row['decide_by']}: postern held release|refuse {row['message']}")
        )
    )


@app.command("release")
def held_release(message: Name, config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Let it go: it is judged, rebuilt and guarded again with today's facts."""
    with store_of(config) as (house, store):
        with store.look() as look:
            found = find_one_message(look, message)
        state = release(store, house.frame, found, house.clock.now(), OPERATOR)
    name = show("msg", found.id)
    typer.echo(json.dumps({"message": name, "state": state}) if as_json else f"{name} is released: it is {state} now.")


@app.command("refuse")
def held_refuse(
    message: Name,
    config: Config = DEFAULT_CONFIG,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,  # noqa: FBT002 - a flag
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Never deliver it; its author is told."""
    if not yes:
        typer.confirm("The message will never be delivered, and its author is told. Refuse it?", abort=True)
    with store_of(config) as (house, store):
        with store.look() as look:
            found = find_one_message(look, message)
        refuse(store, house.frame, found, house.clock.now(), OPERATOR)
    name = show("msg", found.id)
    typer.echo(json.dumps({"message": name, "state": "refused"}) if as_json else f"{name} is refused; its author is told.")


def _tell(one: Waiting) -> dict[str, Value]:
    return {
        "message": show("msg", one.message.id),
        "from": one.message.author,
        "received_at": one.message.received_at.isoformat(timespec="seconds"),
        "decide_by": one.decide_by.isoformat(timespec="seconds"),
        "reason": one.cause.reason.code,
        "sentence": one.cause.sentence(DEFAULT_LANGUAGE),
        "size": one.message.size,
    }
