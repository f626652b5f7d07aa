"""``postern bench``: the benchmarks of the source tree, by name. It measures nothing itself, and without that tree says so."""

import subprocess
import sys
from pathlib import Path

import typer

import postern
from postern.errors import NotFoundError

app = typer.Typer(no_args_is_help=True, help="How fast it is, on this machine.")


@app.command("relay", context_settings={"allow_extra_args": True, "ignore_unknown_options": True, "help_option_names": []})
def bench_relay(context: typer.Context) -> None:
    """Mails a second, in real SMTP out of real SMTP, beside Postfix: bench/relay.py, whose options these are."""
    script = Path(postern.__file__).parents[2] / "bench" / "relay.py"
    if not script.is_file():
        raise NotFoundError("bench/relay.py is not beside this package: install Postern from its source tree to measure it")
    sys.exit(subprocess.run([sys.executable, str(script), *context.args], check=False).returncode)  # noqa: S603 - no shell, our script
