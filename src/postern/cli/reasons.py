"""``postern reasons``: the catalogue of reasons as a page of the manual, ``docs/reasons.md``."""

import typer

from postern.policy.reasons_page import write_page


def print_reasons() -> None:
    """Print every reason why a mail does not simply pass, as Markdown."""
    typer.echo(write_page(), nl=False)
