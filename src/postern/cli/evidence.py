"""``postern evidence``: a pack for a dispute, and the check of one."""

import json
import sys
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from postern.actions.export_evidence import Request, export_evidence
from postern.actions.verify_evidence import Checked, verify_evidence
from postern.cli.console import DEFAULT_CONFIG, FAILED, AsJson, Config, store_of
from postern.errors import ConfigurationError
from postern.model.evidence import Level
from postern.wiring import typesetter

app = typer.Typer(no_args_is_help=True, help="Evidence for disputes.")


@app.command("export")
def evidence_export(  # noqa: PLR0913, PLR0917 - an option each
    order: Annotated[str, typer.Argument(metavar="ORDER", help="The shop's id of the order.")],
    out: Annotated[Path, typer.Argument(metavar="PACK.zip", help="The pack to write; never replaced.")],
    marketplace: Annotated[str, typer.Option(help="The marketplace of the order.")],
    who: Annotated[str, typer.Option(help="Your name: reading private messages leaves an entry.")],
    why: Annotated[str, typer.Option(help="Why, such as the claim's id.")],
    level: Annotated[Level, typer.Option(help="outline: no words; sent: as readers got it; full: as it came too.")] = Level.SENT,
    second: Annotated[str, typer.Option(help="A second person who agreed; wanted for full, which shows real addresses.")] = "",
    checkpoint: Annotated[int, typer.Option(min=0, help="Repeat a pack of this checkpoint; without it, one is signed now.")] = 0,
    pdf: Annotated[bool, typer.Option("--pdf/--no-pdf", help="With pages to read.")] = True,  # noqa: FBT002 - a flag
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Write everything between an order's buyer and seller into one file that proves itself."""
    typeset = typesetter() if pdf else None
    request = Request(marketplace, order, level, who, why, second, checkpoint)
    with store_of(config) as (house, store):
        done = export_evidence(store, house.frame, house.clock, house.checkpoints(), request, typeset, out)
    if as_json:
        typer.echo(json.dumps(asdict(done)))
    else:
        typer.echo(f"{out}: {done.messages} messages, {done.mails} mails, {done.entries} entries, checkpoint {done.checkpoint}.")


@app.command("verify")
def evidence_verify(
    pack: Annotated[Path, typer.Argument(metavar="PACK.zip")],
    key: Annotated[
        list[str] | None, typer.Option(help="The public key that the marketplace publishes, or a file with such lines.")
    ] = None,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Check a pack. Needs neither settings nor a store. Status 1 if anything in it is not what was kept."""
    checked = verify_evidence(pack, [line for one in key or () for line in _lines(one)])
    if as_json:
        typer.echo(json.dumps({"ok": not checked.findings, **asdict(checked)}))
    else:
        typer.echo("\n".join(_tell(checked)))
    if checked.findings:
        sys.exit(FAILED)


def _lines(key: str) -> list[str]:
    """A key, or those in a file."""
    if "+" in key:
        return [key]
    try:
        return [line for line in Path(key).read_text(encoding="utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError):
        raise ConfigurationError("--key is neither a key nor a file with keys: `postern record key` prints them") from None


def _tell(checked: Checked) -> list[str]:
    held = f"{checked.files} files, {checked.entries} entries, {checked.mails} mails"
    lines = [f"Order {checked.order}, level {checked.level}, checkpoint {checked.checkpoint}: {held}."]
    if checked.by_own_key:
        lines.append("Checked with the key in the pack, which proves that it is of one piece, and not whose: give --key.")
    if checked.findings:
        return [*lines, *checked.findings, f"The pack is not what was made: {len(checked.findings)} findings."]
    return [*lines, "Nothing was changed, removed, reordered or added."]
