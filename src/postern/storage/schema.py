"""Every table on one page.

Growth tables have the primary key ``(seller_id, id)``, so that one seller's rows lie together; directories are global by design.
A real identifier (address, name, external id) stands only in ``person``, sealed with that person's own key; every other table
names the person. Growth tables carry no foreign keys: their rows are written in batches by code that has just read the parents,
and on PostgreSQL each check would lock a hot parent row.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    text,
)

from postern.storage.columns import Id, Moment, Serial

REVISION = "0013"  # of this schema: the newest migration's
HOUSE = 0  # the seller_id of what belongs to no seller


metadata = MetaData(
    naming_convention={
        "pk": "pk_%(table_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    },
)

# ---- Directories: global by design

marketplace = Table(
    "marketplace",
    metadata,
    Column("id", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("mail_domain", Text, nullable=False, unique=True),
    Column("language", Text, nullable=False),
    Column("time_zone", Text, nullable=False),
    Column("cancel_order_url", Text, nullable=False),
    Column("report_infringement_url", Text, nullable=False),
    Column("contact_policy", Text, nullable=True),  # JSON; null where it is the usual one
    Column(
        "order_notices", Text, nullable=True
    ),  # JSON: what buyers are told of their orders (R30) beside that they were shipped
)

seller = Table(
    "seller",
    metadata,
    Column("id", Serial, primary_key=True),
    Column("name", Text, nullable=False, unique=True),  # the operator's id
    Column("business_name", Text, nullable=False),
    Column("language", Text, nullable=False),
    Column("average_daily_orders", Text, nullable=True),  # JSON: a number, or an object by marketplace (R21)
    Column("bounce_on_opt_out", Boolean, nullable=False),  # R13
)

person = Table(
    "person",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),  # buyer | correspondent | operator
    Column("wrapped_key", LargeBinary, nullable=True),  # the data key under a master; null once erased
    Column("sealed_name", LargeBinary, nullable=True),
    Column("sealed_address", LargeBinary, nullable=True),
    Column("sealed_external_id", LargeBinary, nullable=True),
    Column("address_mark", LargeBinary, nullable=True, index=True),  # keyed digest: the blind index
    Column("external_mark", LargeBinary, nullable=True, unique=True),
)

buyer = Table(
    "buyer",
    metadata,
    Column("person_id", Id, ForeignKey("person.id"), primary_key=True),
    Column("marketplace_id", Text, ForeignKey("marketplace.id"), nullable=False),
    Column("opted_out", Boolean, nullable=False),  # R8
    Column("opt_out_version", Integer, nullable=False),
)

seller_address = Table(
    "seller_address",
    metadata,
    Column("seller_id", BigInteger, ForeignKey("seller.id"), primary_key=True, autoincrement=False),
    Column("person_id", Id, ForeignKey("person.id"), primary_key=True),
    Column("role", Text, primary_key=True),
    Index(None, "person_id"),
)

sender_attempt = Table(  # who wrote for a seller without being registered (R20): pending, or blocked; never what they wrote
    "sender_attempt",
    metadata,
    Column("seller_id", BigInteger, ForeignKey("seller.id"), primary_key=True, autoincrement=False),
    Column("person_id", Id, ForeignKey("person.id"), primary_key=True),
    Column("address_mark", LargeBinary, nullable=False),
    Column("state", Text, nullable=False),  # pending | blocked
    Column("attempts", Integer, nullable=False),
    Column("first_at", Moment, nullable=False),
    Column("last_at", Moment, nullable=False),
    Index(None, "seller_id", "address_mark", unique=True),
)

sender_permission = Table(  # an address that was added for a seller (R20): it counts once it is approved and has confirmed
    "sender_permission",
    metadata,
    Column("seller_id", BigInteger, ForeignKey("seller.id"), primary_key=True, autoincrement=False),
    Column("person_id", Id, ForeignKey("person.id"), primary_key=True),
    Column("id", Id, nullable=False, unique=True),  # what the link names that is mailed to it
    Column("added_at", Moment, nullable=False),
    Column("approved_at", Moment, nullable=True),
    Column("confirmed_at", Moment, nullable=True),
    Index(None, "person_id"),
)

confirmation_count = Table(  # how many such links were mailed to an address on one day, for one seller
    "confirmation_count",
    metadata,
    Column("seller_id", BigInteger, primary_key=True, autoincrement=False),
    Column("person_id", Id, primary_key=True),
    Column("day", Text, nullable=False),  # 2026-11-24, UTC
    Column("mails", Integer, nullable=False),
    Index(None, "person_id"),
)

submission_secret = Table(  # with which a mail program signs in as one address of one seller; only a keyed digest is kept
    "submission_secret",
    metadata,
    Column("id", Id, primary_key=True),
    Column("seller_id", BigInteger, ForeignKey("seller.id"), nullable=False),
    Column("person_id", Id, ForeignKey("person.id"), nullable=False),
    Column("digest", LargeBinary, nullable=False, unique=True),
    Column("prefix", Text, nullable=False),  # its first letters, by which people know it again
    Column("made_at", Moment, nullable=False),
    Column("used_at", Moment, nullable=True),  # the last time, to the hour
    Index(None, "seller_id", "person_id"),
    Index(None, "person_id"),
)

seller_block = Table(  # a buyer's opt-out for one seller
    "seller_block",
    metadata,
    Column("buyer_id", Id, ForeignKey("person.id"), primary_key=True),
    Column("seller_id", BigInteger, ForeignKey("seller.id"), primary_key=True, autoincrement=False),
    Column("made_at", Moment, nullable=False),
)

relationship = Table(
    "relationship",
    metadata,
    Column("seller_id", BigInteger, ForeignKey("seller.id"), primary_key=True, autoincrement=False),
    Column("id", Id, primary_key=True),
    Column("buyer_id", Id, ForeignKey("person.id"), nullable=False),
    Column("marketplace_id", Text, ForeignKey("marketplace.id"), nullable=False),
    Column("wrapped_key", LargeBinary, nullable=True),
    Column("opened_at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=True),  # the buyer was erased: its aliases answer 550 for ever (R2)
    Index(None, "seller_id", "buyer_id", unique=True),
    Index(None, "buyer_id"),
)

alias = Table(
    "alias",
    metadata,
    Column("local_part", Text, primary_key=True),  # unique for ever, over all domains (R4)
    Column("seller_id", BigInteger, nullable=False),
    Column("relationship_id", Id, nullable=False),
    Column("side", Text, nullable=False),
    Index(None, "seller_id", "relationship_id", "side", unique=True),
)

# ---- Orders

order = Table(
    "order",
    metadata,
    Column("seller_id", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Id, primary_key=True),
    Column("marketplace_id", Text, nullable=False),
    Column("name", Text, nullable=False),  # the shop's order id
    Column("buyer_id", Id, nullable=False),
    Column("status", Text, nullable=False),
    Column("fulfilment", Text, nullable=False),
    Column("placed_at", Moment, nullable=False),
    Column("shipped_at", Moment, nullable=True),
    Column("delivered_at", Moment, nullable=True),
    Column("cancelled_at", Moment, nullable=True),
    Column("items", Text, nullable=False),  # JSON: read whole, with the order
    Column("shipments", Text, nullable=False),  # JSON
    Column("refunded_at", Moment, nullable=True),
    Index(None, "marketplace_id", "name", unique=True),
    Index(None, "seller_id", "buyer_id", "placed_at"),
    Index(None, "seller_id", "marketplace_id", "placed_at"),
    Index(None, "buyer_id"),
    Index(None, "placed_at"),
)

order_news = Table(  # what happened to an order that its buyer is told (R30), each once; a row without a time waits
    "order_news",
    metadata,
    Column("seller_id", BigInteger, primary_key=True, autoincrement=False),
    Column("order_id", Id, primary_key=True),
    Column("kind", Text, primary_key=True),  # shipped | delivered | refunded
    Column("parcel", Text, primary_key=True),  # keyed digest of its tracking number; empty where there is none
    Column("told_at", Moment, nullable=True),
    Index(None, "told_at"),
)

seller_template = Table(  # a seller's own words, in the languages that they need
    "seller_template",
    metadata,
    Column("seller_id", BigInteger, ForeignKey("seller.id"), primary_key=True, autoincrement=False),
    Column("name", Text, primary_key=True),
    Column("language", Text, primary_key=True),
    Column("text", Text, nullable=False),
    Column("changed_at", Moment, nullable=False),
)

daily_use = Table(  # R21: messages accepted for delivery, by the marketplace's own day
    "daily_use",
    metadata,
    Column("seller_id", BigInteger, primary_key=True, autoincrement=False),
    Column("marketplace_id", Text, primary_key=True),
    Column("day", Text, primary_key=True),  # 2026-11-24
    Column("used", Integer, nullable=False),
)

# ---- Threads and the record

thread = Table(
    "thread",
    metadata,
    Column("seller_id", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Id, primary_key=True),
    Column("relationship_id", Id, nullable=False),
    Column("order_id", Id, nullable=True),
    Column("opened_at", Moment, nullable=False),
    Index(None, "seller_id", "relationship_id"),
)

message = Table(
    "message",
    metadata,
    Column("seller_id", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Id, primary_key=True),
    Column("relationship_id", Id, nullable=False),
    Column("thread_id", Id, nullable=False),
    Column("order_id", Id, nullable=True),
    Column("author", Text, nullable=False),  # the side
    Column("author_id", Id, nullable=True),  # the person; null where nobody read who it was
    Column("state", Text, nullable=False),
    Column("reason", Text, nullable=True),  # why it did not simply pass
    Column("automatic", Text, nullable=True),  # the kind of robot that wrote it; null for a person
    Column(
        "passed_by", Text, nullable=True
    ),  # what let it pass an opt-out in force: reply | important | customised | critical_reason
    Column("candidates", Text, nullable=True),  # JSON: the orders it fits, where it fits several
    Column("released_at", Moment, nullable=True),  # when a person let it go, if it was held
    Column("received_at", Moment, nullable=False),
    Column("size", Integer, nullable=False),
    Column("seen_mark", LargeBinary, nullable=False),  # keyed digest that recognises a repeat
    Column("their_id_mark", LargeBinary, nullable=True),  # keyed digest of the author's own Message-ID
    Column("sealed_their_id", LargeBinary, nullable=True),
    Column("sealed_subject", LargeBinary, nullable=False),
    Column("sealed_text", LargeBinary, nullable=False),
    Column("original_id", Id, nullable=True),
    Column("relayed_id", Id, nullable=True),
    Index(None, "seen_mark", "seller_id", unique=True),
    Index(None, "their_id_mark"),
    Index(None, "id"),
    Index(None, "seller_id", "thread_id"),
    Index(None, "state", "reason"),
    Index(None, "author_id"),
    Index(None, "received_at"),  # what is old enough to go
)

_BY_TIME = (message.c.seller_id, message.c.received_at, message.c.id)
_SELLERS_SENT = text("author = 'seller' AND state IN ('queued', 'delivered')")  # R15, as the shelf asks for it
_SELLERS_UNSENT = text("author = 'seller' AND state NOT IN ('queued', 'delivered')")
Index("ix_message_sent", *_BY_TIME, sqlite_where=_SELLERS_SENT, postgresql_where=_SELLERS_SENT)
Index("ix_message_not_delivered", *_BY_TIME, sqlite_where=_SELLERS_UNSENT, postgresql_where=_SELLERS_UNSENT)

thread_standing = Table(  # what a seller sees of a thread at a glance; it follows from the messages
    "thread_standing",
    metadata,
    Column("seller_id", BigInteger, primary_key=True, autoincrement=False),
    Column("thread_id", Id, primary_key=True),
    Column("last_id", Id, nullable=False),  # the last message that the seller may see
    Column("last_at", Moment, nullable=False),
    Column("heard_at", Moment, nullable=True),  # when the buyer wrote last; robots do not count, here and below
    Column("spoke_at", Moment, nullable=True),  # when the seller did
    Column("open_since", Moment, nullable=True),  # R29: the start of the earliest clock that runs
    Column("waiting_since", Moment, nullable=True),  # when the seller wrote, where the buyer has not written since
    Index(None, "seller_id", "last_at", "thread_id"),
    Index(None, "seller_id", "open_since", "thread_id"),
    Index(None, "seller_id", "waiting_since", "thread_id"),
)

response = Table(  # the response clock (R29): one row a message of a buyer that is measured
    "response",
    metadata,
    Column("seller_id", BigInteger, primary_key=True, autoincrement=False),
    Column("message_id", Id, primary_key=True),
    Column("thread_id", Id, nullable=False),
    Column("started_at", Moment, nullable=False),
    Column("answered_at", Moment, nullable=True),
    Column("exempted_at", Moment, nullable=True),
    Column("reported_at", Moment, nullable=True),
    Index(None, "seller_id", "thread_id", "started_at"),  # by thread alone, SQLite would look through all by their start
    Index(None, "seller_id", "started_at"),
)

posting = Table(  # what came by a page, the API or a command: by which reason, and which words of it are whose (R5, R6)
    "posting",
    metadata,
    Column("seller_id", BigInteger, primary_key=True, autoincrement=False),
    Column("message_id", Id, primary_key=True),
    Column("door", Text, nullable=False),
    Column("reason", Text, nullable=True),  # the contact reason's code; null for a reply
    Column("order_id", Id, nullable=True),
    Column("number", Integer, nullable=True),  # the how manieth of this reason about this order
    Column("content_mark", LargeBinary, nullable=False),  # keyed digest: the same key again, with the same content?
    Column("sealed_words", LargeBinary, nullable=False),  # JSON, with the relationship's key
    Index(None, "seller_id", "order_id", "reason", "number", unique=True),
)

notice = Table(  # a mail of the marketplace's own (R30), about one message; or about a permission, which is its thread too
    "notice",
    metadata,
    Column("seller_id", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("about_id", Id, nullable=False),
    Column("thread_id", Id, nullable=False),
    Column("side", Text, nullable=False),  # who is told
    Column("person_id", Id, nullable=False),
    Column("document_id", Id, nullable=False),
    Column("state", Text, nullable=False),  # queued | delivered | failed | dropped
    Column("made_at", Moment, nullable=False),
    Index(None, "seller_id", "about_id"),
    Index(None, "seller_id", "thread_id"),
    Index(None, "state"),
)

document = Table(  # the bytes of a mail, sealed; larger ones lie beside the store as a blob
    "document",
    metadata,
    Column("seller_id", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Id, primary_key=True),
    Column("owner", Text, nullable=False),  # whose key seals it: person | relationship | house
    Column("owner_id", Id, nullable=True),
    Column("size", Integer, nullable=False),
    Column("sealed", LargeBinary, nullable=True),
    Column("blob", Text, nullable=True),
    Index("ix_document_blob", "blob", sqlite_where=text("blob IS NOT NULL"), postgresql_where=text("blob IS NOT NULL")),
)

attempt = Table(
    "attempt",
    metadata,
    Column("seller_id", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Id, primary_key=True),
    Column("message_id", Id, nullable=False),
    Column("delivery_id", Id, nullable=False),
    Column("ended_at", Moment, nullable=False),
    Column("outcome", Text, nullable=False),  # delivered | deferred | failed
    Column("code", SmallInteger, nullable=False),
    Column("enhanced", Text, nullable=False),
    Column("text", Text, nullable=False),  # redacted before it came here
    Index(None, "seller_id", "message_id"),
)

exemption = Table(  # "No response needed" (R18)
    "exemption",
    metadata,
    Column("seller_id", BigInteger, primary_key=True, autoincrement=False),
    Column("message_id", Id, primary_key=True),
    Column("side", Text, primary_key=True),
    Column("door", Text, nullable=False),
    Column("made_at", Moment, nullable=False),
)

report = Table(  # R27: once for each side
    "report",
    metadata,
    Column("seller_id", BigInteger, primary_key=True, autoincrement=False),
    Column("message_id", Id, primary_key=True),
    Column("side", Text, primary_key=True),  # who reports
    Column("reason", Text, nullable=False),
    Column("sealed_text", LargeBinary, nullable=False),  # with the relationship's key
    Column("door", Text, nullable=False),
    Column("made_at", Moment, nullable=False),
    Index(None, "seller_id", "side", "made_at"),
)

journal = Table(
    "journal",
    metadata,
    Column("seller_id", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Id, primary_key=True),
    Column("relationship_id", Id, nullable=True),
    Column("message_id", Id, nullable=True),
    Column("kind", Text, nullable=False),
    Column("happened_at", Moment, nullable=False),
    Column("fields", Text, nullable=False),  # JSON: [[name, salt in hex, value], ...]; once withheld [name, null, digest in hex]
    Column("digest", LargeBinary, nullable=False),
    Index(None, "message_id"),
    Index(None, "kind"),
    Index(None, "relationship_id"),
    Index(None, "happened_at", "id"),
)

# ---- The house: what comes for postmaster@ and abuse@, and failure reports

house_mail = Table(
    "house_mail",
    metadata,
    Column("id", Id, primary_key=True),
    Column("role", Text, nullable=False),  # postmaster | abuse | report
    Column("received_at", Moment, nullable=False),
    Column("size", Integer, nullable=False),
    Column("document_id", Id, nullable=False),
    Column("about_id", Id, nullable=True),  # the message that a failure report is about
    Column("seen_mark", LargeBinary, nullable=False, unique=True),
    Index(None, "about_id"),
    Index(None, "received_at"),
)

# ---- Addresses that fail: global by design, for a person may read mail of several pairs

bounce_score = Table(  # addresses to which mail failed lately: how often, how gravely, and which mail was the last
    "bounce_score",
    metadata,
    Column("person_id", Id, primary_key=True),
    Column("score", Double, nullable=False),  # as it was at last_at; it halves from there
    Column("hard", Integer, nullable=False),
    Column("soft", Integer, nullable=False),
    Column("last_status", Text, nullable=False),  # RFC 3463
    Column("last_at", Moment, nullable=False),
    Column("last_seller_id", BigInteger, nullable=False),
    Column("last_message_id", Id, nullable=False),
    Index(None, "last_at"),
)

# ---- The queue: global by design; a row leaves when it is settled

delivery = Table(
    "delivery",
    metadata,
    Column("id", Id, primary_key=True),
    Column("kind", Text, nullable=False),  # smtp
    Column("carries", Text, nullable=False, server_default="message"),  # message | notice | house: what message_id names
    Column("seller_id", BigInteger, nullable=False),
    Column("message_id", Id, nullable=False),
    Column("document_id", Id, nullable=False),
    Column("person_id", Id, nullable=False),  # the recipient; the address is opened at the attempt
    Column("sender_domain", Text, nullable=False),  # of the return path and the signature
    Column("due_at", Moment, nullable=False),  # while leased: when the lease ends
    Column("lease", Id, nullable=True),
    Column("attempts", Integer, nullable=False),
    Column("queued_at", Moment, nullable=False),
    Column("relationship_id", Id, nullable=True),  # whose chain tells of it
    Column("destination", LargeBinary, nullable=False, server_default="unknown"),  # keyed digest of the recipient's domain
    Column("bound_host", LargeBinary, nullable=True),  # keyed digest of the host that may have taken it already
    Column("size", Integer, nullable=False, server_default="0"),  # octets of the mail
    Index(None, "due_at", "destination"),
)

queue_pause = Table(  # destinations to which nothing is sent for now; an empty one stands for all
    "queue_pause",
    metadata,
    Column("destination", LargeBinary, primary_key=True),
    Column("since_at", Moment, nullable=False),
)

# ---- The seal: the place of each entry of the journal, given after its commit. Global by design

unsealed = Table(  # entries without a place yet: marked in the commit that writes them, unmarked in the one that seals them
    "unsealed",
    metadata,
    Column("entry_id", Id, primary_key=True),
    Column("seller_id", BigInteger, nullable=False),
    Column("chain", Text, nullable=False),
)

seal = Table(  # never changed, never removed
    "seal",
    metadata,
    Column("position", BigInteger, primary_key=True, autoincrement=False),  # 1, 2, 3 ... over all entries
    Column("seller_id", BigInteger, nullable=False),
    Column("entry_id", Id, nullable=False),
    Column("digest", LargeBinary, nullable=False),  # of the entry
    Column("chain", Text, nullable=False),  # rel_... | seller N | house
    Column("chain_position", BigInteger, nullable=False),  # 1, 2, 3 ... within the chain
    Column("previous", LargeBinary, nullable=False),  # the hash of the chain's seal before; empty for its first
    Column("sealed_at", Moment, nullable=False),
    Column("hash", LargeBinary, nullable=False),  # of all columns above
    Index(None, "seller_id", "entry_id", unique=True),
    Index(None, "chain", "chain_position", unique=True),
    Index(None, "seller_id", "position"),  # what happened at one seller's since then
)

sealer = Table(  # one row; whoever seals holds it until the commit
    "sealer",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("position", BigInteger, nullable=False),  # the last that was given
)

checkpoint = Table(
    "checkpoint",
    metadata,
    Column("size", BigInteger, primary_key=True, autoincrement=False),  # how many seals it stands for
    Column("edge", LargeBinary, nullable=False),  # roots of the full subtrees, largest first: where the next one goes on
    Column("note", Text, nullable=False),  # signed, as it lies outside
)

# ---- The API: global by design

api_key = Table(
    "api_key",
    metadata,
    Column("id", Id, primary_key=True),
    Column("seller_id", BigInteger, nullable=False),  # HOUSE for the operator's
    Column("mark", LargeBinary, nullable=False, unique=True),  # keyed digest of the secret
    Column("label", Text, nullable=False),
    Column("shown", Text, nullable=False),  # how the secret begins
    Column("scopes", Text, nullable=False),  # words with spaces between
    Column("made_at", Moment, nullable=False),
    Column("expires_at", Moment, nullable=True),
    Column("revoked_at", Moment, nullable=True),
    Column("last_used_at", Moment, nullable=True),  # within the hour
    Index(None, "seller_id"),
)

# ---- The timetable: what is done without being asked, once for all processes

timetable = Table(
    "timetable",
    metadata,
    Column("name", Text, primary_key=True),
    Column("began_at", Moment, nullable=True),  # the last run
    Column("lease", Id, nullable=True),
    Column("leased_until", Moment, nullable=True),
)

# ---- Keeping and forgetting

legal_hold = Table(  # what must not be forgotten while it lasts
    "legal_hold",
    metadata,
    Column("id", Id, primary_key=True),
    Column("subject", Text, nullable=False),  # person | order | relationship | message
    Column("subject_id", Id, nullable=False),
    Column("person_id", Id, nullable=False),  # whom it concerns: the person, or the buyer of the order, pair or message
    Column("sealed_by", LargeBinary, nullable=False),  # who decided it, and why, with the house's key
    Column("sealed_why", LargeBinary, nullable=False),
    Column("since_at", Moment, nullable=False),
    Column("until_at", Moment, nullable=True),  # ends by itself then
    Column("ended_at", Moment, nullable=True),
)

erasure = Table(  # persons who asked to be forgotten; a row without an end waits for a hold, or to be finished
    "erasure",
    metadata,
    Column("person_id", Id, primary_key=True),
    Column("asked_at", Moment, nullable=False),
    Column("ended_at", Moment, nullable=True),
)

retention_mark = Table(  # of each class: before when the journal has no value left to withhold, and how many rows are gone
    "retention_mark",
    metadata,
    Column("class", Text, primary_key=True),
    Column("done_before", Moment, nullable=False),
    Column("gone", BigInteger, nullable=False),
)

# ---- The desk: who works for a seller, who is signed in, and what was begun there. Drafts apart, global by design

member = Table(
    "member",
    metadata,
    Column("seller_id", BigInteger, ForeignKey("seller.id"), primary_key=True, autoincrement=False),
    Column("person_id", Id, ForeignKey("person.id"), primary_key=True),
    Column("role", Text, nullable=False),  # owner | manager | agent | reader
    Column("added_at", Moment, nullable=False),
    Index(None, "person_id"),
)

sign_in = Table(  # a link and a code that were mailed to somebody, as digests; they work for minutes, once
    "sign_in",
    metadata,
    Column("id", Id, primary_key=True),
    Column("seller_id", BigInteger, nullable=False),  # in whose name it was mailed
    Column("person_id", Id, nullable=False),
    Column("link_mark", LargeBinary, nullable=False, unique=True),
    Column("code_mark", LargeBinary, nullable=False),
    Column("asked_at", Moment, nullable=False),
    Column("tries", Integer, nullable=False),  # wrong codes
    Column("used_at", Moment, nullable=True),
    Index(None, "person_id", "asked_at"),
    Index(None, "asked_at"),
)

session = Table(
    "session",
    metadata,
    Column("id", Id, primary_key=True),
    Column("person_id", Id, nullable=False),
    Column("mark", LargeBinary, nullable=False, unique=True),  # keyed digest of what the browser's cookie holds
    Column("device", Text, nullable=False),
    Column("made_at", Moment, nullable=False),
    Column("seen_at", Moment, nullable=False),
    Index(None, "person_id"),
    Index(None, "seen_at"),
)

draft = Table(  # an answer that was begun
    "draft",
    metadata,
    Column("seller_id", BigInteger, primary_key=True, autoincrement=False),
    Column("thread_id", Id, primary_key=True),
    Column("person_id", Id, primary_key=True),  # who writes it
    Column("sealed_text", LargeBinary, nullable=False),  # with the relationship's key
    Column("saved_at", Moment, nullable=False),
    Index(None, "person_id"),
)
