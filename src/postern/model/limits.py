"""Every named maximum: its meaning, as the manual prints it, and its default. Settings may change each in ``[limits]``; a test
meets each one.
"""

from dataclasses import dataclass
from typing import Annotated


@dataclass(frozen=True, slots=True)
class Limits:
    """The maxima, in the order in which a mail meets them."""

    # The SMTP session (RFC 5321 4.5.3)
    message_size: Annotated[int, "Octets of one mail; announced by SIZE."] = 16_000_000  # R23
    command_line: Annotated[int, "Octets of one SMTP command with its CRLF."] = 2_000  # RFC 5321 4.5.3.1.4 asks for 512
    recipients_per_mail: Annotated[int, "Recipients of one mail."] = 100  # RFC 5321 4.5.3.1.8 asks for 100
    bad_commands: Annotated[int, "Wrong SMTP commands in one session, then 421."] = 20
    unknown_recipients: Annotated[int, "Unknown recipients in one session, then 421: nobody guesses aliases in one go."] = 20
    mails_per_session: Annotated[int, "Mails in one session, then 421."] = 1_000
    pipelined: Annotated[int, "Octets kept while a command waits for its answer; over it the socket is not read."] = 64_000
    command_timeout: Annotated[int, "Seconds that a session waits for the next command."] = 300  # RFC 5321 4.5.3.2.7
    handshake_timeout: Annotated[int, "Seconds for a TLS handshake."] = 30
    data_timeout: Annotated[int, "Seconds from DATA to the final dot."] = 600
    session_seconds: Annotated[int, "Seconds for one session; after the mail that is begun then, 421."] = 3_600
    sessions: Annotated[int, "SMTP sessions at once; over it who has been silent longest gives way."] = 500
    bytes_in_flight: Annotated[int, "Octets of all sessions together; over it sockets are not read, then 452."] = 64_000_000

    # Where clients come from: a source is an IPv4 address or an IPv6 /64; smtp.trusted_sources are free of these
    source_connections: Annotated[int, "Connections of one source at once, then 421."] = 50
    source_connections_a_minute: Annotated[int, "Connections of one source in a minute, then 421."] = 300
    source_mails_an_hour: Annotated[int, "Mails of one source in an hour, then 450."] = 5_000
    source_bad_commands: Annotated[
        int, "Wrong SMTP commands of one source in an hour; from half of it on it is slowed, then 421."
    ] = 200
    source_unknown_recipients: Annotated[
        int, "Unknown recipients of one source in an hour; from half of it on it is slowed, then 421."
    ] = 60
    tarpit_seconds: Annotated[int, "Seconds that the reply to a source waits, at most, when it is slowed."] = 10
    tarpits: Annotated[int, "Sessions slowed at once; who would be one more gets 421."] = 100
    sources: Annotated[int, "Sources remembered; over it the one that came longest ago is forgotten."] = 10_000
    proxy_header: Annotated[int, "Octets of a PROXY header."] = 4_096
    proxy_seconds: Annotated[int, "Seconds until a PROXY header has come."] = 5

    # Proof of sender
    dkim_signatures: Annotated[int, "DKIM signatures looked at of one mail."] = 10
    arc_instances: Annotated[int, "Servers that forwarded a mail and sealed it; of more, no seal is looked at."] = 10
    dns_questions: Annotated[int, "Questions to the DNS for one mail; what it would ask beyond counts as not answered."] = 120
    dns_seconds: Annotated[int, "Seconds for all questions of one mail, and for one at most a quarter of them."] = 20
    dns_at_once: Annotated[int, "Questions to the DNS under way at once."] = 200
    dns_zone_at_once: Annotated[int, "Of these, questions about names with the same last two labels."] = 20
    dns_answer: Annotated[int, "Octets of one answer; a larger one counts as none."] = 16_000
    dns_cache: Annotated[int, "Octets of answers that are remembered."] = 16_000_000
    dns_remembered: Annotated[int, "Senders of whom is remembered what was asked for their last mail."] = 1_000

    # Signing in to send
    wrong_sign_ins: Annotated[int, "Wrong sign-ins of one account from one network; then it waits out the lock below."] = 10
    wrong_from_network: Annotated[int, "Wrong sign-ins from one network, over all accounts; then the same."] = 50
    wrong_per_session: Annotated[int, "Wrong sign-ins in one session, then 421."] = 3
    sign_in_delay: Annotated[int, "Seconds that a wrong sign-in waits for its answer at most; the first waits a half."] = 8
    sign_in_lock: Annotated[int, "Seconds without a wrong sign-in, after which those before are forgotten."] = 900
    sign_ins_remembered: Annotated[int, "Accounts and networks of which wrong sign-ins are remembered at once."] = 10_000
    submission_secrets: Annotated[int, "Secrets of one address for its mail programs."] = 10

    # The virus scanner, where there is one
    scans: Annotated[int, "Mails that ClamAV looks at at once."] = 4
    scan_seconds: Annotated[int, "Seconds that a mail waits for ClamAV, all together, then 451."] = 30

    # Reading a mail
    header_block: Annotated[int, "Octets of a mail's or a part's header."] = 100_000
    header_field: Annotated[int, "Octets of one header field."] = 16_000
    header_fields: Annotated[int, "Header fields of a mail or a part."] = 1_000
    mailboxes_per_field: Annotated[int, "Mailboxes read of one address field."] = 100
    part_depth: Annotated[int, "How deep parts may lie in parts."] = 30
    parts: Annotated[int, "Parts of one mail."] = 500
    parameters_per_field: Annotated[int, "Parameters read of one header field."] = 100
    boundary_misses: Annotated[int, "Lines that begin like a boundary and are none; after so many nobody looks further."] = 10_000
    file_name: Annotated[int, "Characters of a file's name; a longer one is cut before its extension."] = 100
    references: Annotated[int, "Message-IDs read of In-Reply-To and References."] = 100
    received_fields: Annotated[int, "Received fields; a mail with more is looping."] = 50  # RFC 5321 6.3
    text_size: Annotated[int, "Characters of one text or HTML part that are rewritten; longer is refused."] = 1_000_000
    attachments: Annotated[int, "Attachments of one mail."] = 20  # R23
    attachment_bytes: Annotated[int, "Octets of a mail's attachments, decoded, all together."] = 10_000_000  # R23

    # Cleaning a mail's files
    unpacked_bytes: Annotated[int, "Octets that a mail's files may unpack to, all together."] = 50_000_000
    archive_members: Annotated[int, "Members of a mail's archives and office documents, all together."] = 2_000
    archive_ratio: Annotated[int, "How many times larger than its packed form a file of over 1 MB may be."] = 200
    archive_depth: Annotated[int, "How deep archives may lie in archives, and mails in mails."] = 3
    image_pixels: Annotated[int, "Pixels of one picture; one that says it has more is withheld."] = 250_000_000
    pdf_objects: Annotated[int, "Objects of one PDF; one with more is withheld."] = 30_000
    document_tags: Annotated[int, "Tags in a mail's office documents, all together."] = 400_000

    # Failure reports that come back
    bounce_text: Annotated[int, "Characters looked at of a failure report's text, and of each of its parts for programs."] = (
        30_000
    )
    bounce_recipients: Annotated[int, "Recipients read of one failure report."] = 100
    bounce_failing: Annotated[
        int, "Hundredths of a score from which on an address is failing; a hard failure adds 100, another 25."
    ] = 75
    bounce_half_days: Annotated[int, "Days in which a score halves; 0 counts nothing."] = 7
    bounce_forgotten_days: Annotated[int, "Days without a failure after which the score of an address is forgotten."] = 30
    failing_told: Annotated[int, "Addresses of a seller that are told that mail to customer service comes back."] = 5

    # The pool that reads and rewrites mails
    pool_processes: Annotated[int, "Processes that read mails; 0 means one a core."] = 0
    pool_memory: Annotated[int, "Octets of memory for one such process."] = 1_500_000_000
    pool_seconds: Annotated[int, "Seconds for one mail, then its process is ended."] = 20
    pool_kills: Annotated[int, "A mail that ends this many processes is held unread."] = 3
    pool_backlog: Annotated[int, "Mails waiting for a process; more are answered 451."] = 200

    # The store
    batch: Annotated[int, "Changes in one commit."] = 64
    min_free: Annotated[int, "Octets that must be free on each disk under store and blobs; with less, 452."] = 100_000_000
    low_free_percent: Annotated[int, "Percent of such a disk that are free; with less, the log warns."] = 10
    inline_document: Annotated[int, "Octets of a mail that lies in the store; larger ones are blobs."] = 64_000
    thread_burst: Annotated[int, "Messages of one thread within the minutes below; the next is held: robots write so."] = 20
    thread_burst_minutes: Annotated[int, "Minutes in which the messages of a thread are counted for that."] = 10
    pending_senders: Annotated[int, "Unregistered addresses listed for a seller's approval; more are refused unlisted."] = 100
    unconfirmed_senders: Annotated[int, "Addresses added for a seller that have not confirmed yet; no more are added."] = 100
    confirmation_mails: Annotated[int, "Links to confirm that one address is mailed in a day, whoever added it."] = 3
    seller_confirmations: Annotated[int, "Links to confirm that are mailed for one seller in a day."] = 50
    hold_days: Annotated[int, "Days that a held message waits for a decision, then it is refused and its author told."] = 14
    stale_retries: Annotated[int, "How often a mail is judged again because the facts changed under it."] = 2

    # The seal
    seal_batch: Annotated[int, "Journal entries sealed in one commit."] = 250
    reading_reason: Annotated[int, "Characters of who of the staff reads a message, and why."] = 1_000

    # The queue
    lease_seconds: Annotated[int, "Seconds a delivery belongs to one worker; renewed while an attempt runs."] = 60
    claim: Annotated[int, "Deliveries that a worker takes at once."] = 64
    under_way: Annotated[int, "Deliveries under way at once, those that wait for a connection included."] = 100
    octets_under_way: Annotated[int, "Octets of the mails under way; over it no more are taken up."] = 64_000_000
    connections: Annotated[int, "Connections kept to one next hop."] = 8
    connection_idle: Annotated[int, "Seconds a connection waits for the next mail, then QUIT."] = 30
    mails_per_connection: Annotated[int, "Mails over one connection, then QUIT: others want a turn at that host too."] = 100
    attempt_timeout: Annotated[int, "Seconds for one attempt."] = 300
    retry_days: Annotated[int, "Days until a mail that is deferred again and again has failed."] = 5
    mx_hosts: Annotated[int, "Hosts tried of one domain, best preference first."] = 10
    mx_addresses: Annotated[int, "Addresses tried of one host."] = 4
    next_hops: Annotated[int, "Next hops with kept connections; over it the one used longest ago is let go."] = 200
    reply_line: Annotated[int, "Octets of one line of a next hop's reply."] = 8_000
    reply_lines: Annotated[int, "Lines of one such reply."] = 200
    reply_size: Annotated[int, "Octets of one such reply, all its lines together."] = 32_000

    # What domains ask of those who send to them (MTA-STS)
    sts_policy: Annotated[int, "Octets of a domain's policy."] = 64_000
    sts_hosts: Annotated[int, "Hosts that a policy names; one with more is none."] = 100
    sts_seconds: Annotated[int, "Seconds for fetching a policy."] = 10
    sts_pause: Annotated[
        int, "Seconds until a domain is asked again whether it has a new policy, or one that can be fetched."
    ] = 300
    sts_domains: Annotated[int, "Domains whose policies are remembered; over it the one written to longest ago is forgotten."] = (
        2_000
    )

    # The sandbox outbox
    outbox_listing: Annotated[int, "Mails that the sandbox outbox lists."] = 100

    # Pages
    link_days: Annotated[int, "Days that a link in a mail works."] = 90
    confirmation_days: Annotated[int, "Days that a link works by which an address confirms that it writes for a seller."] = 7
    page_body: Annotated[int, "Octets of a form that a page takes."] = 300_000  # an answer: 12 octets a character, and the rest
    page_seconds: Annotated[int, "Seconds for a form to arrive, and for pages under way when serving ends."] = 10
    page_connections: Annotated[int, "Connections to the pages at once."] = 200
    sign_in_minutes: Annotated[int, "Minutes that the link and the code of a sign-in mail work."] = 15
    sign_in_mails: Annotated[int, "Sign-in mails to one person in an hour; more are not sent."] = 5
    sign_in_tries: Annotated[int, "Wrong codes for one sign-in mail, then it counts no more."] = 5
    session_idle_hours: Annotated[int, "Hours without a page after which a session ends."] = 12
    session_days: Annotated[int, "Days after which a session ends in any case."] = 30
    sessions_per_person: Annotated[int, "Sessions of one person; over it the one unused the longest ends."] = 20
    report_text: Annotated[int, "Characters of a report's text."] = 2_000

    # The API
    api_keys: Annotated[int, "Keys of one seller, or of the operator, that can be used."] = 100
    api_calls: Annotated[int, "Calls of one key in a minute, to one process."] = 600
    api_threads: Annotated[int, "Calls answered at once; others wait."] = 8
    api_page: Annotated[int, "Entries of a list in one answer."] = 100
    api_body: Annotated[int, "Octets of a call's body."] = 300_000
    api_feed: Annotated[int, "Octets of a feed sent in one call."] = 500_000_000
    api_feed_seconds: Annotated[int, "Seconds for a feed to arrive."] = 600

    # What buyers are told of their orders
    order_news_days: Annotated[
        int, "Days after which it is no news any more that an order was shipped, delivered or refunded."
    ] = 7
    order_news_batch: Annotated[int, "Orders whose buyers are told in one run."] = 500
    order_news_parcels: Annotated[int, "Parcels named in one such notice."] = 20

    # What is written on pages and by programs
    posted_text: Annotated[int, "Characters of an answer; what a contact reason's fields may have, the reason says."] = 20_000
    seller_templates: Annotated[int, "Templates of one seller, each language counted."] = 500
    posted_key: Annotated[int, "Characters of the key by which a message that is sent twice is known."] = 100

    # The feed
    feed_line: Annotated[int, "Octets of one line of a feed."] = 100_000
    feed_list: Annotated[int, "Items or shipments of one order, registered senders of one seller."] = 200
    feed_chunk: Annotated[int, "Records, with the addresses of sellers, in one transaction of an import."] = 50
    feed_mistakes: Annotated[int, "Mistakes shown of one feed."] = 20
