"""``postern bounces``: addresses to which mail fails."""

import json

import typer

from postern.actions.watch_addresses import Watched, list_watched
from postern.cli.console import DEFAULT_CONFIG, AsJson, Config
from postern.model.enhanced_status import words_of
from postern.model.identifier import show
from postern.wiring import build_house

app = typer.Typer(no_args_is_help=True, help="Addresses to which mail fails: who, how often, and why.")


@app.command("list")
def bounces_list(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """The addresses to which mail failed lately, the latest first: by person, or by the seller whose customer service it is."""
    house = build_house(config)
    with house.open_reader(connections=1).look() as look:
        found = list_watched(look, house.frame, house.clock.now())
    if as_json:
        typer.echo(json.dumps([_tell(one) for one in found]))
        return
    for one in found:
        typer.echo(_say(one))
    if not found:
        typer.echo("No mail has failed lately.")


def _tell(one: Watched) -> dict[str, object]:
    return {
        "person": show("per", one.score.person_id),
        "customer_service_of": list(one.serves),
        "score": round(one.score_now, 2),
        "failing": one.is_failing,
        "hard": one.score.hard,
        "soft": one.score.soft,
        "last_status": one.score.last_status,
        "meaning": words_of(one.score.last_status),
        "last_at": one.score.last_at.isoformat(timespec="seconds"),
        "last_message": show("msg", one.score.last_message_id),
    }


def _say(one: Watched) -> str:
    row = _tell(one)
    who = f"{row['person']}, customer service of {', '.join(one.serves)}" if one.serves else row["person"]
    failing = "failing" if one.is_failing else "not failing"
    return (
        f"{who}: {failing}, score {row['score']:.2f}; {row['hard']} hard, {row['soft']} soft\n"
        f"    last {row['last_at']}: {row['last_status']}, {row['meaning']}; postern explain {row['last_message']}"
    )
