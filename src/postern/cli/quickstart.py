"""``postern quickstart``: an installation for a real mail domain, and what is left to do by hand."""

from pathlib import Path
from typing import Annotated
from urllib.parse import urlsplit

import typer

from postern.cli.doctor import Format, spell
from postern.doctor.dns_checks import wanted_records
from postern.errors import ConfigurationError
from postern.installation import SETTINGS_FILE, install
from postern.model.address import is_domain
from postern.wiring import build_house


def quickstart(  # noqa: PLR0913, PLR0917 - an option each
    domain: Annotated[str, typer.Argument(metavar="DOMAIN", help="The mail domain of the aliases, such as msg.shop.example.")],
    folder: Annotated[Path, typer.Option("--dir", help="A folder for the installation.")] = Path("postern"),
    hostname: Annotated[str, typer.Option(help="The machine's name in SMTP; mx.DOMAIN where none is given.")] = "",
    public_url: Annotated[str, typer.Option(help="Where browsers reach the pages; https://DOMAIN where none is given.")] = "",
    operator: Annotated[str, typer.Option(help="Who reads mail for postmaster@ and abuse@.")] = "",
    next_hop: Annotated[str, typer.Option(help="mx, smtp://HOST:PORT or sandbox.")] = "mx",
    address: Annotated[list[str] | None, typer.Option(help="A public address of this machine; may be given again.")] = None,
) -> None:
    """Make an installation for a mail domain: settings, keys, and every DNS record to publish. Overwrites nothing."""
    domain = domain.lower().rstrip(".")
    name = (hostname or f"mx.{domain}").lower()
    if not is_domain(name) or "." not in name:
        raise ConfigurationError("--hostname must be a full name such as mx.shop.example")
    url = public_url or f"https://{domain}"
    if urlsplit(url).scheme not in {"http", "https"}:
        raise ConfigurationError("--public-url must be a web address such as https://messages.shop.example")
    values = {
        "service": {"public_url": url, **({"operator_address": operator} if operator else {})},
        "smtp": {"hostname": name},
        "delivery": {"next_hop": next_hop},
    }
    for line in install(folder, domain, values):
        typer.echo(f"✓ {line}")
    config = folder / SETTINGS_FILE
    typer.echo(f"\nPublish these records; `postern dns check --watch --config {config}` tells when they are there:\n")
    typer.echo(spell(wanted_records(build_house(config), address or ()), Format.TABLE))
    typer.echo("\n" + "\n".join(_next_steps(config, name, url)))


def _next_steps(config: Path, hostname: str, public_url: str) -> list[str]:
    return [
        "Then:",
        f"1. Get a certificate for {hostname} (certbot, lego, acme.sh), and name its files in smtp.tls_cert and smtp.tls_key.",
        f"2. Put a web server with a certificate for {public_url} in front of web.listen (127.0.0.1:8480).",
        '3. In [smtp] set listen = "0.0.0.0:25" (and let the service use that port), in [authentication] mode = "enforce".',
        f"4. postern migrate --config {config} && postern import FEED.jsonl --config {config}",
        f"5. postern serve --config {config}",
        f"6. postern doctor --config {config}",
    ]
