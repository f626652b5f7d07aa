"""The dry run: it says what sending would do, with every finding and remedy, and leaves nothing behind."""

from dataclasses import replace

from sqlalchemy import func, select

from postern.actions.judge_mail import Forecast, forecast
from postern.language import DEFAULT_LANGUAGE
from postern.model.address import Address
from postern.model.envelope import Envelope, Mail
from postern.model.thread import MessageState
from postern.storage import schema
from postern.storage.change import Write
from postern.storage.standing import set_opt_out
from tests.neighbours import betray, come_clean, give_address, move_in, use_up
from tests.people import ANN, MALLORY, ORDER, Town
from tests.told import answering

BECOMES = {
    MessageState.QUEUED: "deliver",
    MessageState.HELD: "hold",
    MessageState.BLOCKED: "block",
    MessageState.ABSORBED: "discard",
}
CLERK = Address.parse("clerk@bolt.test")


def rows(town: Town) -> dict[str, int]:
    """How many rows each table has."""
    with town.store.look() as look:
        return {
            name: look.connection.execute(select(func.count()).select_from(table)).scalar_one()
            for name, table in schema.metadata.tables.items()
        }


def foresee(town: Town, mail: Mail) -> Forecast:
    with town.store.look() as look:
        return forecast(look, town.frame, mail)


def sent(town: Town, mail: Mail) -> tuple[str, str | None]:
    """The verdict and the reason when it is really sent."""
    prepared = town.receive(mail)
    if prepared.refusal:
        return "refuse", prepared.refusal.reason.code
    made = [row.values for row in prepared.change.rows if row.write is Write.ADD_MESSAGE]
    if not made:
        return "deliver", None  # to the house
    return BECOMES[MessageState(str(made[0]["state"]))], made[0]["reason"]  # type: ignore[return-value] # a code, or None


def all_sorts(town: Town) -> list[Mail]:
    """A mail for every end that a mail can come to, from either side."""
    give_address(town, 2, CLERK)
    clerk = move_in(town, "clerk", "clerk@bolt.test")
    town.receive(town.from_ann())
    (question,) = town.deliver()
    town.store.write(lambda transaction: set_opt_out(transaction, town.pair.buyer_id, opted_out=True)).result()
    alias, to_ann = town.pair.buyer_alias, town.from_acme
    part = "--b\nContent-Type: text/x; name=f\nContent-Disposition: attachment\n\nx\n"
    return [
        town.from_ann("Plain"),
        town.from_ann("To many", Cc="<friend@elsewhere.test>"),
        town.from_ann("On holiday", Auto_Submitted="auto-replied"),
        town.from_ann(21 * part, Content_Type="multipart/mixed; boundary=b"),
        town.from_ann("Nobody", From=""),
        town.from_ann("Two", From="<ann@mail.test>, <eve@mail.test>"),
        to_ann("Buy more"),
        to_ann("Yes", **answering(question)),
        to_ann("Number?", Subject="[Important] Your address"),
        to_ann(f"About {ORDER}"),
        to_ann("On holiday", Precedence="auto_reply"),
        to_ann("Round", **{f"Received{' ' * number}": "from x by y" for number in range(51)}),
        town.mail(MALLORY, alias, "For Acme"),
        town.mail(MALLORY, town.pair.seller_alias, "Hello"),
        town.mail(CLERK, clerk.seller_alias, "A copy of ours?"),
        town.mail(ANN, "nobodyknowsthis@marketplace.example", "Hello"),
        town.mail(ANN, "no-reply@marketplace.example", "Hello"),
        town.mail(ANN, "abuse@marketplace.example", "Hello"),
        replace(town.from_ann("Read"), envelope=Envelope("", (town.pair.seller_alias,))),
    ]


def test_it_agrees_with_what_sending_does_and_leaves_nothing_behind(town: Town) -> None:
    ends = set()
    for mail in all_sorts(town):
        before = rows(town)
        foreseen = foresee(town, mail)
        assert rows(town) == before
        verdict = (foreseen.verdict, foreseen.cause.reason.code if foreseen.cause else None)
        assert verdict == sent(town, mail)
        ends.add(verdict)
    assert len(ends) == 11


def test_it_agrees_at_the_daily_limit_and_where_a_mail_would_leak(town: Town) -> None:
    use_up(town, 600)
    foreseen = foresee(town, mail := town.from_acme())
    assert foreseen.cause is not None
    assert ("refuse", foreseen.cause.reason.code) == sent(town, mail)
    betray(town, ANN)
    foreseen = foresee(town, mail := town.from_ann())
    assert foreseen.cause is not None
    assert (foreseen.verdict, foreseen.cause.reason.code) == sent(town, mail) == ("hold", "would_leak")
    come_clean(town)


def test_it_tells_every_finding_and_remedy_and_not_the_first_alone(town: Town) -> None:
    foreseen = foresee(town, town.from_acme("x", From="<mallory@lies.test>, <help@acme.test>", Cc="<friend@elsewhere.test>"))
    codes = [one.cause.reason.code for one in foreseen.findings]
    assert codes == ["no_single_author", "sender_not_registered", "also_sent_outside"]
    assert all(one.cause.remedy(DEFAULT_LANGUAGE) for one in foreseen.findings)
    assert foreseen.cause is not None
    assert foreseen.cause.reason.code == codes[0]


def test_it_says_how_the_mail_finds_its_thread_and_what_the_rewriter_would_do(town: Town) -> None:
    foreseen = foresee(town, town.from_ann(f"About {ORDER}: ann@mail.test"))
    assert (foreseen.found_by, foreseen.order) == ("new", ORDER)
    assert foreseen.changes
    assert "ann@mail.test" not in str(foreseen)
