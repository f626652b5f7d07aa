"""``postern contact``: what may be written about an order, and writing it, as a page or a program would."""

import json
import mimetypes
import secrets
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer

from postern.actions.contact_options import ContactOption, ContactOptions, contact_options
from postern.actions.count_misuse import count_misuse
from postern.actions.find_contact import Contact, find_contact
from postern.actions.keep_templates import fill_for
from postern.actions.post_message import check_message, post_message
from postern.actions.posting.outgoing import ByReason, Outgoing, Posted, RefusedMessage, WouldPost
from postern.cli.console import DEFAULT_CONFIG, FAILED, AsJson, Config, store_of
from postern.errors import ConfigurationError
from postern.language import DEFAULT_LANGUAGE
from postern.mail.letter import Attachment
from postern.model.identifier import show
from postern.model.relationship import Side
from postern.model.remark import Door
from postern.policy.verdict import Finding
from postern.wiring import build_house

app = typer.Typer(no_args_is_help=True, help="Messages by contact reason: what is offered for an order, and sending one.")

OrderName = Annotated[str, typer.Argument(metavar="ORDER", help="The shop's order id, or MARKETPLACE/ID.")]
Who = Annotated[Side, typer.Option("--as", help="Who writes.")]


@app.command("options")
def show_options(order: OrderName, who: Who = Side.SELLER, config: Config = DEFAULT_CONFIG, as_json: AsJson = False) -> None:  # noqa: FBT002
    """Every contact reason, and why it is not available where it is not."""
    with store_of(config) as (house, store):
        now = house.clock.now()
        contact = find_contact(store, order, now)
        with store.look() as look:
            found = contact_options(look, house.frame, contact.of(who), who, contact.order.id, now)
    if as_json:
        typer.echo(json.dumps(_tell_options(found)))
        return
    left = "" if found.messages_left is None else f", {found.messages_left} messages left today"
    opted_out = ", opted out of unsolicited messages" if found.opted_out else ""
    typer.echo(f"{order} is {contact.order.status}; its reader's language is {found.language}{opted_out}{left}")
    for one in found.options:
        typer.echo(_row(one))


@app.command("send")
def send(  # noqa: PLR0913, PLR0917 - a message has that many parts
    order: OrderName,
    reason: Annotated[str, typer.Argument(metavar="REASON", help="Its code, as `postern contact options` shows it.")],
    field: Annotated[list[str], typer.Option(metavar="NAME=VALUE", help="What is typed into a field.")] = [],  # noqa: B006 - typer's form
    attach: Annotated[list[Path], typer.Option(metavar="FILE", help="A file that goes along.")] = [],  # noqa: B006 - as above
    template: Annotated[str, typer.Option(metavar="NAME", help="A template of the seller's, for the field `message`.")] = "",
    who: Who = Side.SELLER,
    key: Annotated[str, typer.Option(help="The same key again is the same message; without one, each is new.")] = "",
    check: Annotated[bool, typer.Option("--check", help="Give the verdict, and send nothing.")] = False,  # noqa: FBT002 - a flag
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """Write a message by a contact reason. Ends with status 1 where it is refused."""
    with store_of(config) as (house, store):
        now, limits = house.clock.now(), house.frame.limits
        contact = find_contact(store, order, now)
        with store.look() as look:
            words = {"message": fill_for(look, contact, template)} if template else {}
        content = ByReason(reason, contact.order.id, words | dict(map(_read_field, field)))
        files = tuple(_read_file(path, limits.attachment_bytes) for path in attach)
        outgoing = _outgoing(contact, who, content, key or secrets.token_hex(16), files)
        if check:
            with store.look() as look:
                answer: Posted | WouldPost | RefusedMessage = check_message(look, house.frame, outgoing, now)
        else:
            answer = post_message(store, house.frame, outgoing, now)
    _say(answer, as_json=as_json)
    if isinstance(answer, RefusedMessage):
        raise typer.Exit(FAILED)


@app.command("misused")
def misused(
    days: Annotated[int, typer.Option(help="So many days back.", min=1, max=3_650)] = 30,
    config: Config = DEFAULT_CONFIG,
    as_json: AsJson = False,  # noqa: FBT002 - a flag
) -> None:
    """How often each seller put [Important] on what is never critical."""
    house = build_house(config)
    with house.open_reader(connections=1).look() as look:
        counted = count_misuse(look, house.clock.now() - timedelta(days=days))
    if as_json:
        typer.echo(json.dumps([{"seller": one.seller, "count": one.count} for one in counted]))
        return
    for one in counted:
        typer.echo(f"{one.count:6} {one.seller}")
    if not counted:
        typer.echo(f"Nobody in {days} days.")


def _outgoing(contact: Contact, who: Side, content: ByReason, key: str, files: tuple[Attachment, ...]) -> Outgoing:
    return Outgoing(contact.seller_id, contact.relationship_id, who, content, Door.COMMAND, key, files=files)


def _read_field(text: str) -> tuple[str, str]:
    name, sign, value = text.partition("=")
    if not sign:
        raise typer.BadParameter(f"{text!r} must be NAME=VALUE")
    return name.strip(), value


def _read_file(path: Path, maximum: int) -> Attachment:
    """One octet more than may pass is enough for the rules to refuse it."""
    try:
        with path.open("rb") as file:
            content = file.read(maximum + 1)
    except OSError as error:
        raise ConfigurationError(f"{path}: cannot be read: {error.strerror}") from None
    return Attachment(path.name, mimetypes.guess_type(path.name)[0] or "application/octet-stream", content)


def _row(one: ContactOption) -> str:
    critical = ", critical" if one.reason.critical else ""
    left = "" if one.left is None else f", {one.left} left"
    fields = " ".join(f"{field.name}{'' if field.required else '?'}" for field in one.reason.fields)
    if one.obstacle:
        return f"  - {one.reason.code}{critical}: {one.obstacle.sentence(DEFAULT_LANGUAGE)} ({one.obstacle.reason.code})"
    return f"  + {one.reason.code}{critical}{left}: {one.wording.title} [{fields}]"


def _tell_options(found: ContactOptions) -> dict[str, object]:
    return {
        "language": found.language,
        "opted_out": found.opted_out,
        "messages_left": found.messages_left,
        "reasons": [
            {
                "code": one.reason.code,
                "title": one.wording.title,
                "use_when": one.wording.use_when,
                "available": one.obstacle is None,
                "obstacle": one.obstacle.reason.code if one.obstacle else None,
                "why": one.obstacle.sentence(DEFAULT_LANGUAGE) if one.obstacle else None,
                "remedy": one.obstacle.remedy(DEFAULT_LANGUAGE) if one.obstacle else None,
                "critical": one.reason.critical,
                "passes_opt_out": one.passes_opt_out,
                "left": one.left,
                "files": {"at_least": one.reason.files.at_least, "at_most": one.reason.files.at_most},
                "fields": [
                    {
                        "name": field.name,
                        "label": one.wording.labels.get(field.name, field.label),
                        "kind": field.kind,
                        "required": field.required,
                        "maximum": field.maximum,
                    }
                    for field in one.reason.fields
                ],
            }
            for one in found.options
        ],
    }


def _say(answer: Posted | WouldPost | RefusedMessage, *, as_json: bool) -> None:
    findings = answer.findings if isinstance(answer, RefusedMessage) else answer.warnings
    if as_json:
        told: dict[str, object] = {"state": "refused" if isinstance(answer, RefusedMessage) else answer.state}
        if isinstance(answer, Posted):
            told |= {"message": show("msg", answer.message_id), "repeated": answer.repeated}
        typer.echo(json.dumps(told | {"findings": [_tell_finding(one) for one in findings]}))
        return
    typer.echo(_headline(answer))
    for one in findings:
        place = f" ({one.place})" if one.place else ""
        typer.echo(f"  {one.effect}: {one.cause.sentence(DEFAULT_LANGUAGE)}{place}")
        typer.echo(f"    {one.cause.remedy(DEFAULT_LANGUAGE)}")


def _headline(answer: Posted | WouldPost | RefusedMessage) -> str:
    match answer:
        case RefusedMessage():
            return "Refused; nothing was kept."
        case WouldPost():
            return f"It would be {answer.state}. Nothing was sent."
        case Posted():
            again = ", and was sent before" if answer.repeated else ""
            return f"{show('msg', answer.message_id)} is {answer.state}{again}."


def _tell_finding(one: Finding) -> dict[str, object]:
    return {
        "rule": one.rule,
        "code": one.cause.reason.code,
        "effect": one.effect,
        "place": one.place,
        "sentence": one.cause.sentence(DEFAULT_LANGUAGE),
        "remedy": one.cause.remedy(DEFAULT_LANGUAGE),
    }
