"""``postern backup``: a copy of everything while it runs, proof that it is whole, and the way back."""

import json
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer

from postern.actions.back_up import CHECKPOINTS, Premises, create_backup
from postern.actions.restore_backup import restore_backup, resume_queue, verify_backup
from postern.cli.console import DEFAULT_CONFIG, AsJson, Config, store_of
from postern.model.manifest import Manifest
from postern.wiring import House, build_house

app = typer.Typer(no_args_is_help=True, help="Copies of everything, and the way back.")

Folder = Annotated[Path, typer.Argument(metavar="DIR")]
_KEYS_INSIDE = "The key file is inside: whoever gets this backup can read everything. Keep it as you keep the keys."
_KEYS_APART = "The key file is not inside, and without it the backup cannot be read. Keep a copy of {} elsewhere."


@app.command("create")
def backup_create(
    folder: Folder,
    config: Config = DEFAULT_CONFIG,
    with_keys: Annotated[bool, typer.Option("--with-keys", help="Put the key file into it too.")] = False,  # noqa: FBT002 - a flag
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Write a backup to a new folder, while Postern runs."""
    house = build_house(config)
    with closing(house.open_reader(connections=1)) as reader:
        manifest = create_backup(reader, _premises(house), house.clock, folder, with_keys=with_keys)
    if as_json:
        typer.echo(json.dumps(_tell(manifest)))
        return
    typer.echo(f"{folder}: {_count(manifest)}, as of {manifest.made_at}.")
    if manifest.missing:
        typer.echo(f"{len(manifest.missing)} blobs were missing in the store itself: see docs/operate/backup.md", err=True)
    typer.echo(_KEYS_INSIDE if with_keys else _KEYS_APART.format(house.settings.keys.master_file))


@app.command("verify")
def backup_verify(folder: Folder, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Read every file of a backup, and the database in it. Needs no installation."""
    manifest = verify_backup(folder)
    typer.echo(json.dumps(_tell(manifest)) if as_json else f"{folder} is whole: {_count(manifest)}, as of {manifest.made_at}.")


@app.command("restore")
def backup_restore(folder: Folder, config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Make an empty installation from a backup. Its queue waits, so that nothing is sent twice."""
    house = build_house(config)
    restored = restore_backup(_premises(house), house.clock, folder)
    if as_json:
        typer.echo(json.dumps(_tell(restored.manifest) | {"held_back": restored.held_back}))
        return
    typer.echo(f"Restored {_count(restored.manifest)}, as of {restored.manifest.made_at}.")
    typer.echo(
        f"{restored.held_back} deliveries wait for your word, for they may have been sent since then: see `postern queue list`; "
        "then `postern queue retry` or `postern queue drop` one, or `postern backup resume` all."
    )


@app.command("resume")
def backup_resume(
    config: Config = DEFAULT_CONFIG,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,  # noqa: FBT002 - a flag
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Let everything go that a restored queue still holds back."""
    if not yes:
        typer.confirm("What was sent after the backup was made goes out a second time. Send all that is held back?", abort=True)
    with store_of(config) as (house, store):
        count = resume_queue(store, house.clock)
    typer.echo(json.dumps({"due": count}) if as_json else f"{count} due now.")


def _premises(house: House) -> Premises:
    settings = house.settings
    return Premises(
        settings.store.url, house.blobs, settings.service.data_dir / CHECKPOINTS, settings.keys.master_file, house.frame.keyring
    )


def _tell(manifest: Manifest) -> dict[str, object]:
    return {
        "made_at": manifest.made_at,
        "files": len(manifest.files),
        "octets": sum(one.size for one in manifest.files),
        "with_keys": manifest.with_keys,
        "missing": list(manifest.missing),
    }


def _count(manifest: Manifest) -> str:
    return f"{len(manifest.files)} files, {sum(one.size for one in manifest.files):,} bytes"
