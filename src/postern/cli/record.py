"""``postern record``: proving that the record is what it was, and signing where it stands."""

import json
import sys
from dataclasses import asdict
from typing import Annotated

import typer

from postern.actions.checkpoint_record import checkpoint_record, verifier_keys
from postern.actions.verify_record import Verification, verify_record
from postern.cli.console import DEFAULT_CONFIG, FAILED, AsJson, Config, progress, store_of
from postern.wiring import build_house

app = typer.Typer(no_args_is_help=True, help="The record, and the proof of it.")


@app.command("verify")
def record_verify(
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
    since: Annotated[
        int, typer.Option(min=0, metavar="CHECKPOINT", help="Only what came after the checkpoint over so many entries.")
    ] = 0,
) -> None:
    """Check every entry, seal, checkpoint, message and mail of the record. Status 1 if anything is not what was kept."""
    house = build_house(config)
    reader = house.open_reader(connections=1)
    try:
        with progress() as bar:
            task = bar.add_task("Verifying", total=None)
            result = verify_record(
                reader, house.frame, house.checkpoints(), since, lambda done, end: bar.update(task, completed=done, total=end)
            )
    finally:
        reader.close()
    typer.echo(json.dumps(_spell(result)) if as_json else "\n".join(_tell(result)))
    if result.wrong:
        sys.exit(FAILED)


@app.command("checkpoint")
def record_checkpoint(config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Seal what waits, sign where the record stands, and write outside every checkpoint that is not there."""
    with store_of(config) as (house, store):
        size = checkpoint_record(store, house.frame, house.clock, house.checkpoints())
    if as_json:
        typer.echo(json.dumps({"checkpoint": size}))
    else:
        typer.echo(f"Signed over {size} entries." if size else "Nothing new since the last checkpoint.")


@app.command("key")
def record_key(config: Config = DEFAULT_CONFIG) -> None:
    """Print the public keys with which anybody can check our checkpoints, the one in use first."""
    for line in verifier_keys(build_house(config).frame):
        typer.echo(line)


def _spell(result: Verification) -> dict[str, object]:
    return {"ok": not result.wrong, **asdict(result)}


def _tell(result: Verification) -> list[str]:
    lines = [
        f"{result.entries:,} entries in {result.chains:,} chains, {result.messages:,} messages, {result.attempts:,} attempts.",
        f"{result.checkpoints:,} checkpoints were compared.",
    ]
    if result.waiting:
        lines.append(f"{result.waiting:,} entries wait to be sealed.")
    if result.withheld:
        lines.append(f"{result.withheld:,} values were withheld or erased; their digests verify.")
    if result.not_outside:
        lines.append(
            f"{result.not_outside:,} checkpoints are not in the folder outside; `postern record checkpoint` writes them."
        )
    if not result.wrong:
        return [*lines, f"The record is whole. Up to entry {result.covered:,} a checkpoint stands for it."]
    lines += [finding.sentence() for finding in result.findings]
    more = result.wrong - len(result.findings)
    return [
        *lines,
        f"The record is not what was kept: {result.wrong:,} findings" + (f", {more:,} more in these chains." if more else "."),
    ]
