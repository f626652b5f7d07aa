"""``postern catalogue``: what the marketplace supplies as files, looked at."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import Annotated

import typer

from postern.actions.find_untranslated import find_untranslated
from postern.actions.render_mails import RenderedMail, render_mails
from postern.cli.console import FAILED, AsJson
from postern.errors import ConfigurationError
from postern.language import known_languages
from postern.language.coverage import measure
from postern.wiring import look_over_catalogue

app = typer.Typer(no_args_is_help=True, help="What the marketplace says, and in which languages.")


@app.command()
def coverage(as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Print how many of all sentences each language has."""
    measured = measure()
    if as_json:
        typer.echo(json.dumps([asdict(one) | {"percent": one.percent} for one in measured]))
        return
    for one in measured:
        typer.echo(f"{one.language:8} {one.percent:3} % of {one.sentences}, {len(one.missing)} missing  {one.name}")


OwnFolder = Annotated[Path | None, typer.Option("--folder", help="Your own folder of contact reasons, as in [catalogue] folder.")]


@app.command()
def check(folder: OwnFolder = None, as_json: AsJson = False) -> None:  # noqa: FBT002 - a flag
    """Read every contact reason and content rule; say what is wrong, where, and what to do. Ends with status 1 if anything is."""
    catalogue, mistakes = look_over_catalogue(folder)
    missing = tuple(find_untranslated(catalogue.reasons.all))
    if as_json:
        told = {"mistakes": [asdict(one) for one in mistakes], "untranslated": [asdict(one) for one in missing]}
        typer.echo(json.dumps(told | {"reasons": len(catalogue.reasons.all), "rules": len(catalogue.content_rules)}))
    else:
        for mistake in mistakes:
            typer.echo(str(mistake))
        for one in missing:
            typer.echo(f"{one.language}: {one.reason} is not translated: {', '.join(one.keys)}")
        reasons, rules = len(catalogue.reasons.all), len(catalogue.content_rules)
        typer.echo(f"{reasons} contact reasons, {rules} content rules, {len(mistakes)} mistakes")
    if mistakes:
        raise typer.Exit(FAILED)


@app.command()
def render(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="A new folder for the mails.")], folder: OwnFolder = None
) -> None:
    """Write every reason's mail in every language into a folder, as text and as HTML, to be looked at."""
    catalogue, mistakes = look_over_catalogue(folder)
    if mistakes:
        raise ConfigurationError(f"catalogue: {mistakes[0]}")
    reasons = catalogue.reasons
    try:
        out.mkdir(parents=True)
        for language in known_languages():
            (out / language).mkdir()
            for mail in render_mails(reasons, language):
                (out / language / f"{mail.reason}.txt").write_text(f"{mail.subject}\n\n{mail.text}", "utf-8")
                (out / language / f"{mail.reason}.html").write_text(mail.html, "utf-8")
            (out / language / "index.html").write_text("\n".join(_index(render_mails(reasons, language))), "utf-8")
    except OSError as error:
        raise ConfigurationError(f"{out} cannot be written: {error.strerror}") from None
    typer.echo(f"{len(reasons.all)} mails in each of {len(known_languages())} languages: {out}")


def _index(mails: Iterator[RenderedMail]) -> Iterator[str]:
    """One page with all of a language's mails."""
    yield '<!DOCTYPE html><meta charset="utf-8"><style>iframe{width:24em;height:40em;margin:.5em;border:1px solid #999}</style>'
    yield from (f'<iframe src="{mail.reason}.html" title="{mail.reason}"></iframe>' for mail in mails)
