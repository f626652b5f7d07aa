"""Every named maximum, with its default. Settings may change each in ``[limits]``; a test meets each one."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Limits:
    """Sizes in bytes, times in seconds, the rest in counts."""

    # The SMTP session (RFC 5321 4.5.3)
    message_size: int = 16_000_000  # R23: announced by SIZE
    command_line: int = 2_000  # octets with CRLF; 4.5.3.1.4 asks for 512 and more with extensions
    recipients_per_mail: int = 100  # 4.5.3.1.8 asks for 100
    bad_commands: int = 20  # then 421
    unknown_recipients: int = 20  # then 421: nobody guesses aliases in one session
    mails_per_session: int = 1_000
    pipelined: int = 64_000  # octets kept while a command waits for its answer; over it the socket is not read
    command_timeout: int = 300  # 4.5.3.2.7
    data_timeout: int = 600  # from DATA to the final dot
    sessions: int = 500
    bytes_in_flight: int = 64_000_000  # all sessions together; over it sockets are not read, then 452 4.3.1

    # Reading a mail
    header_block: int = 100_000
    header_field: int = 16_000
    header_fields: int = 1_000
    mailboxes_per_field: int = 100
    part_depth: int = 30
    parts: int = 500
    parameters_per_field: int = 100
    references: int = 100
    received_fields: int = 50  # a mail with more is looping (RFC 5321 6.3)
    text_size: int = 1_000_000  # characters of one text or HTML part that are rewritten; longer is refused
    attachments: int = 20  # R23
    attachment_bytes: int = 10_000_000  # R23: decoded, all together

    # The pool that reads and rewrites mails
    pool_processes: int = 0  # 0: one a core
    pool_memory: int = 1_500_000_000
    pool_seconds: int = 20  # for one mail, then its process is ended
    pool_kills: int = 3  # a mail that ends this many processes is held unread
    pool_backlog: int = 200  # mails waiting for a process; more are answered 451

    # The store
    batch: int = 64  # changes in one commit
    inline_document: int = 64_000  # larger mails are blobs
    stale_retries: int = 2

    # The queue
    lease_seconds: int = 60  # renewed while an attempt runs
    claim: int = 64
    connections: int = 8  # kept to one next hop
    connection_idle: int = 30  # seconds a connection waits for the next mail, then QUIT
    mails_per_connection: int = 100  # then QUIT: other senders want a turn at that host too
    attempt_timeout: int = 300
    retry_days: int = 5
    mx_hosts: int = 10  # of one domain, best preference first
    mx_addresses: int = 4  # of one host
    next_hops: int = 200  # with kept connections; over it the hop that was used longest ago is let go
    indeterminate_seconds: int = 3_600  # a mail whose last reply was lost stays with its host this long
    indeterminate_mails: int = 1_000  # of these remembered at once

    # The sandbox outbox
    outbox_listing: int = 100

    # Pages
    link_days: int = 90
    page_body: int = 30_000  # octets of a form: a report's text at up to 12 octets a character, and room for the rest
    page_seconds: int = 10  # for a form to arrive, and for pages under way when serving ends
    page_connections: int = 200
    report_text: int = 2_000  # characters

    # The feed
    feed_line: int = 100_000  # octets
    feed_list: int = 200  # items or shipments of one order, registered senders of one seller
    feed_chunk: int = 200  # records, with the addresses of sellers, in one transaction of an import
    feed_mistakes: int = 20  # shown of one file
