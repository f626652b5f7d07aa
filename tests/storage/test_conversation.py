"""How mails find their thread (R9), and that both mail programs can follow a conversation they each see half of."""

import re
from dataclasses import dataclass
from datetime import timedelta
from email import message_from_bytes
from email.message import Message as Read
from email.policy import SMTP
from uuid import UUID

from sqlalchemy import insert, select

from postern.model.envelope import Mail
from postern.model.identifier import new_id
from postern.storage import schema
from tests.people import ANN, ORDER, START, Arrival, Town

OTHER_ORDER = "303-5512345-7654321"


@dataclass(frozen=True, slots=True)
class Filed:
    """Where a message lies."""

    id: UUID
    thread_id: UUID
    order_id: UUID | None
    author: str


def filed(town: Town) -> list[Filed]:
    """All messages, oldest first."""
    columns = schema.message.c
    wanted = select(columns.id, columns.thread_id, columns.order_id, columns.author).order_by(columns.received_at, columns.id)
    with town.store.look() as look:
        return [Filed(*row) for row in look.connection.execute(wanted)]


def pass_on(town: Town, mail: Mail) -> Arrival:
    """Take a mail in and carry it to its reader."""
    town.clock.advance(timedelta(minutes=1))
    town.receive(mail)
    (arrival,) = town.deliver()
    return arrival


def header(content: bytes) -> Read:
    """The mail as another program reads it."""
    return message_from_bytes(content, policy=SMTP.clone(max_line_length=None))


def ids(field: str | None) -> list[str]:
    return re.findall(r"<[^<>]+>", field or "")


def text_of(content: bytes) -> str:
    part = next(part for part in header(content).walk() if part.get_content_type() == "text/plain")
    payload = part.get_payload(decode=True)
    assert isinstance(payload, bytes)
    return payload.decode()


def token_in(content: bytes) -> str:
    found = re.search(r"\[pt-[a-z2-7]+\]", text_of(content))
    assert found
    return found[0]


def add_order(town: Town, name: str) -> None:
    with town.store.look() as look:
        known = dict(look.connection.execute(select(schema.order)).mappings().one())
    columns = known | {"id": new_id(), "name": name, "placed_at": START - timedelta(days=1)}
    town.store.write(lambda transaction: transaction.execute(insert(schema.order), columns)).result()


class Program:
    """A mail program: it numbers its own mails, and answers as RFC 5322 3.6.4 says, knowing only what it sent and received."""

    def __init__(self, host: str) -> None:
        self._host = host
        self.known: list[str] = []

    def new_id(self) -> str:
        self.known.append(f"<{new_id().hex}@{self._host}>")
        return self.known[-1]

    def receive(self, arrival: Arrival) -> dict[str, str]:
        """Remember a mail, and say which fields an answer to it carries."""
        read = header(arrival.content)
        assert set(ids(read["References"])) <= set(self.known), "it names mails that this program never saw"
        (own,) = ids(read["Message-ID"])
        self.known.append(own)
        return {"In_Reply_To": own, "References": " ".join([*ids(read["References"]), own])}


def test_over_six_mails_each_program_is_shown_its_own_chain_and_nothing_of_the_others(town: Town) -> None:
    ann, acme = Program("mail.test"), Program("acme.test")
    fields: dict[str, str] = {}
    arrivals: list[Arrival] = []
    for number in range(6):
        writer, reader = (ann, acme) if number % 2 == 0 else (acme, ann)
        compose = town.from_ann if writer is ann else town.from_acme
        already_known = list(reader.known)
        arrival = pass_on(town, compose(f"Mail {number}", Subject=f"Words {number}", Message_ID=writer.new_id(), **fields))
        arrivals.append(arrival)
        read = header(arrival.content)
        assert ids(read["References"]) == already_known  # the whole conversation, in order, as the reader's program numbered it
        assert ids(read["In-Reply-To"]) == already_known[-1:]
        fields = reader.receive(arrival)
        hidden = b"mail.test" if writer is ann else b"acme.test"
        assert hidden not in arrival.content
    assert len({one.thread_id for one in filed(town)}) == 1
    assert {one.recipient for one in arrivals} == {"help@acme.test", "ann@mail.test"}


def test_a_mail_that_names_nothing_opens_a_thread_and_carries_no_references(town: Town) -> None:
    first, second = pass_on(town, town.from_ann("One")), pass_on(town, town.from_ann("Two"))
    assert len({one.thread_id for one in filed(town)}) == 2
    for arrival in (first, second):
        assert header(arrival.content)["References"] is None
        assert header(arrival.content)["In-Reply-To"] is None


def test_a_reference_is_enough_whatever_the_subject(town: Town) -> None:
    arrival = pass_on(town, town.from_ann("One", Subject="Atlas"))
    pass_on(town, town.from_acme("Two", Subject="Quite another matter", In_Reply_To=header(arrival.content)["Message-ID"]))
    assert len({one.thread_id for one in filed(town)}) == 1


def test_our_message_id_is_known_again_in_capitals(town: Town) -> None:
    arrival = pass_on(town, town.from_ann("One"))
    pass_on(town, town.from_acme("Two", In_Reply_To=str(header(arrival.content)["Message-ID"]).upper()))
    assert len({one.thread_id for one in filed(town)}) == 1


def test_a_second_mail_of_the_same_author_joins_by_the_authors_own_message_id(town: Town) -> None:
    pass_on(town, town.from_ann("One", Message_ID="<one@mail.test>"))
    arrival = pass_on(town, town.from_ann("I forgot", References="<one@mail.test>"))
    first, second = filed(town)
    assert first.thread_id == second.thread_id
    assert len(ids(header(arrival.content)["References"])) == 1  # as Acme's program knows the first one
    assert b"one@mail.test" not in arrival.content


def test_a_quoted_token_finds_the_thread_where_no_reference_does(town: Town) -> None:
    """Helpdesks drop references; quoting keeps the token."""
    arrival = pass_on(town, town.from_ann("One"))
    pass_on(town, town.from_ann("Another matter"))
    answer = pass_on(town, town.from_acme(f"Two\n\n> {token_in(arrival.content)}"))
    first, _, third = filed(town)
    assert first.thread_id == third.thread_id
    assert ids(header(answer.content)["In-Reply-To"]), "Ann's program needs a reference to file it under her mail"


def test_references_decide_before_the_token(town: Town) -> None:
    first, second = pass_on(town, town.from_ann("One")), pass_on(town, town.from_ann("Two"))
    pass_on(town, town.from_acme(f"Three {token_in(first.content)}", In_Reply_To=header(second.content)["Message-ID"]))
    one, two, three = filed(town)
    assert three.thread_id == two.thread_id != one.thread_id


def test_the_last_reference_decides_among_several_threads(town: Town) -> None:
    first, second = pass_on(town, town.from_ann("One")), pass_on(town, town.from_ann("Two"))
    names = [str(header(one.content)["Message-ID"]) for one in (second, first)]
    pass_on(town, town.from_acme("Three", References=" ".join(names)))
    one, two, three = filed(town)
    assert three.thread_id == one.thread_id != two.thread_id


def test_the_token_decides_before_a_named_order(town: Town) -> None:
    first = pass_on(town, town.from_ann("One"))
    pass_on(town, town.from_ann(f"About {ORDER}"))
    pass_on(town, town.from_acme(f"Your order {ORDER} {token_in(first.content)}"))
    one, two, three = filed(town)
    assert three.thread_id == one.thread_id != two.thread_id
    assert three.order_id == two.order_id is not None


def test_a_named_order_joins_the_latest_thread_about_it(town: Town) -> None:
    add_order(town, OTHER_ORDER)
    pass_on(town, town.from_ann(f"About {ORDER}"))
    pass_on(town, town.from_ann(f"About {OTHER_ORDER}"))
    pass_on(town, town.from_acme("We sent it", Subject=f"[{ORDER}] Good news"))
    one, two, three = filed(town)
    assert three.thread_id == one.thread_id != two.thread_id
    assert three.order_id == one.order_id != two.order_id


def test_an_order_of_another_pair_is_no_order_of_this_one(town: Town) -> None:
    mail = town.mail(ANN, town.bolt_pair.seller_alias, f"About {ORDER}")
    pass_on(town, mail)
    assert [one.order_id for one in filed(town)] == [None]


def test_references_and_tokens_of_another_relationship_count_for_nothing(town: Town) -> None:
    """R9."""
    from_bolt = pass_on(town, town.mail(ANN, town.bolt_pair.seller_alias, "One"))
    name, token = header(from_bolt.content)["Message-ID"], token_in(from_bolt.content)
    arrival = pass_on(town, town.from_acme(f"Two {token}", In_Reply_To=name, References=name))
    bolts, acmes = filed(town)
    assert bolts.thread_id != acmes.thread_id
    assert header(arrival.content)["References"] is None


def test_a_made_up_token_opens_nothing(town: Town) -> None:
    arrival = pass_on(town, town.from_ann("One"))
    token = token_in(arrival.content)
    pass_on(town, town.from_acme("Two " + token[:-3] + ("aa]" if token[-3:-1] != "aa" else "bb]")))
    one, two = filed(town)
    assert one.thread_id != two.thread_id


def test_a_mail_without_a_message_id_is_answered_in_its_thread_all_the_same(town: Town) -> None:
    arrival = pass_on(town, town.from_ann("One", Message_ID=""))
    answer = pass_on(town, town.from_acme("Two", In_Reply_To=header(arrival.content)["Message-ID"]))
    assert len({one.thread_id for one in filed(town)}) == 1
    assert header(answer.content)["References"] is None  # there is no name under which Ann's program has her mail
