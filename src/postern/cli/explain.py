"""``postern explain``: the story of a mail that came, or what would become of one that has not."""

import json
import re
import sys
from datetime import datetime
from pathlib import Path
from typing import Annotated

import typer

from postern.actions.explain import explain as explain_message
from postern.actions.explain import find_messages
from postern.actions.judge_mail import Forecast, forecast
from postern.cli.console import DEFAULT_CONFIG, AsJson, Config
from postern.errors import AddressError
from postern.language import DEFAULT_LANGUAGE
from postern.model.address import Address
from postern.model.authentication import Authentication
from postern.model.envelope import Envelope, Mail
from postern.model.identifier import show
from postern.model.journal import Value
from postern.policy.reasons import Cause
from postern.policy.verdict import Finding
from postern.wiring import House, build_house

_FROM_FIELD = re.compile(rb"^from[ \t]*:", re.IGNORECASE | re.MULTILINE)
UNTOLD = "untold"  # for a reverse path that nobody told; it is not the null one, by which a robot is known
_VERDICTS = {
    "deliver": "It would pass.",
    "hold": "It would be held until a person decides.",
    "block": "It would be kept and not delivered, and its sender told by a bounce.",
    "discard": "It would be kept and shown, and not sent on; nobody is told.",
    "refuse": "It would be refused.",
}


def explain(
    mail: Annotated[str, typer.Argument(metavar="MESSAGE|FILE", help="msg_… or a Message-ID; with --to, a file or -.")],
    to: Annotated[str, typer.Option("--to", metavar="ALIAS", help="Try a mail: to this alias.")] = "",
    sender: Annotated[
        str,
        typer.Option("--from", metavar="ADDRESS", help="Try a mail: by this sender, also its From if the file has none."),
    ] = "",
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Tell the story of a mail; or, with --from and --to, say what would become of one. Trying leaves nothing behind."""
    house = build_house(config)
    if to:
        _tell_forecast(house, _read_mail(mail, sender, to, house.clock.now()), as_json=as_json)
        return
    if sender:
        raise typer.BadParameter("--from needs --to: the alias that the mail is for")
    with house.open_reader(connections=1).look() as look:
        stories = [(show("msg", one.id), str(one.state), explain_message(look, one)) for one in find_messages(look, mail)]
    if as_json:
        typer.echo(json.dumps([{"message": name, "state": state, "story": lines} for name, state, lines in stories]))
        return
    typer.echo("\n\n".join("\n".join(lines) for _, _, lines in stories))


def _read_mail(file: str, sender: str, to: str, now: datetime) -> Mail:
    """A mail as SMTP would bring it: line ends made CR LF, and From set where the file has none."""
    if sender:
        _require_address(sender)
    try:
        octets = sys.stdin.buffer.read() if file == "-" else Path(file).read_bytes()
    except OSError as error:
        raise typer.BadParameter(f"{file} cannot be read: {error.strerror}") from None
    content = octets.replace(b"\r\n", b"\n").replace(b"\r", b"\n").replace(b"\n", b"\r\n")
    header = content.partition(b"\r\n\r\n")[0]
    if sender and not _FROM_FIELD.search(header):
        content = f"From: <{sender}>\r\n".encode("utf-8", "replace") + content
    return Mail(Envelope(sender or UNTOLD, (to,)), content, now, Authentication())


def _require_address(text: str) -> None:
    try:
        Address.parse(text)
    except AddressError as error:
        raise typer.BadParameter(f"--from: {error}") from None


def _tell_forecast(house: House, mail: Mail, *, as_json: bool) -> None:
    with house.open_reader(connections=1).look() as look:
        found = forecast(look, house.frame, mail)
    typer.echo(json.dumps(_row(found)) if as_json else "\n".join(_lines(found)))


def _row(found: Forecast) -> dict[str, Value]:
    return {
        "verdict": found.verdict,
        "reason": found.cause.reason.code if found.cause else None,
        "sentence": found.cause.sentence(DEFAULT_LANGUAGE) if found.cause else None,
        "remedy": found.cause.remedy(DEFAULT_LANGUAGE) if found.cause else None,
        "smtp": _smtp(found.cause),
        "findings": [_finding_row(one) for one in found.findings],
        "thread_found_by": found.found_by or None,
        "order": found.order or None,
        "changes": list(found.changes),
    }


def _finding_row(one: Finding) -> dict[str, Value]:
    return {
        "rule": one.rule,
        "effect": one.effect,
        "reason": one.cause.reason.code,
        "place": one.place or None,
        "sentence": one.cause.sentence(DEFAULT_LANGUAGE),
        "remedy": one.cause.remedy(DEFAULT_LANGUAGE),
    }


def _smtp(cause: Cause | None) -> str:
    return f"{cause.reason.status} {cause.reason.enhanced}" if cause else "250 2.0.0"


def _lines(found: Forecast) -> list[str]:
    lines = [f"{_VERDICTS[found.verdict]} SMTP: {_smtp(found.cause)}."]
    if found.cause and not found.findings:
        lines += [found.cause.sentence(DEFAULT_LANGUAGE), found.cause.remedy(DEFAULT_LANGUAGE)]
    for one in found.findings:
        place = f", {one.place}" if one.place else ""
        lines.append(f'{one.effect} by the rule "{one.rule}"{place}: {one.cause.sentence(DEFAULT_LANGUAGE)}')
        lines.append(f"    What to do: {one.cause.remedy(DEFAULT_LANGUAGE)}")
    if found.found_by:
        about = f", about order {found.order}" if found.order else ""
        lines.append(f"Its thread: {found.found_by}{about}.")
    return lines + [f"The rewriter: {change}." for change in found.changes]
