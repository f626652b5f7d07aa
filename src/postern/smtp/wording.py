"""Every reply that the session gives by itself, on one page, in the order of a session.

None repeats what the client sent, and none holds an address. What is said of a recipient or of a whole mail is not here: the
edge asks others and hands their reply in. Enhanced statuses are those of RFC 3463 and RFC 5248.
"""

import base64
from collections.abc import Sequence

from postern.model.limits import Limits
from postern.smtp.reply import Reply

# Lines that are no command
LINE_TOO_LONG = Reply(500, "The line is longer than any command here can be", "5.5.2")  # RFC 5321 4.5.3.1.10
BARE_LINE_FEED = Reply(500, "A line ends with CR LF, never with LF alone", "5.5.2")  # RFC 5321 2.3.8
BARE_RETURN = Reply(500, "A line ends with CR LF, never with CR alone", "5.5.2")  # RFC 5321 2.3.8
CONTROL_CHARACTER = Reply(500, "A command holds no control characters", "5.5.2")  # RFC 5321 4.1.2
NOT_ASCII = Reply(500, "A command holds ASCII characters only", "5.5.2")  # RFC 5321 2.4
UNKNOWN_COMMAND = Reply(500, "There is no such command here", "5.5.1")  # RFC 5321 4.2.4
NOT_IMPLEMENTED = Reply(502, "This command is not offered here", "5.5.1")  # RFC 5321 4.2.4
NO_ARGUMENT_TAKEN = Reply(501, "This command stands alone on its line", "5.5.4")  # RFC 5321 4.1.1
OUT_OF_ORDER = Reply(503, "This command does not come at this point", "5.5.1")  # RFC 5321 4.1.4

# EHLO and HELO
NAME_EXPECTED = Reply(501, "Say one name or address literal: EHLO client.example", "5.5.4")
HELLO_FIRST = Reply(503, "Say EHLO first", "5.5.1")  # RFC 5321 4.1.4

# STARTTLS
TLS_READY = Reply(220, "Begin TLS now", "2.0.0")  # RFC 3207 4
TLS_ALREADY = Reply(503, "TLS is in use already", "5.5.1")

# AUTH, where mail is submitted (RFC 4954, RFC 6409)
ENCRYPTION_FIRST = Reply(538, "Signing in needs TLS", "5.7.11")  # RFC 4954 6
TLS_FIRST = Reply(530, "Begin TLS first: say STARTTLS", "5.7.0")  # RFC 3207 4
SIGN_IN_FIRST = Reply(530, "Sign in first, with AUTH", "5.7.0")  # RFC 4954 6
SIGNED_IN_ALREADY = Reply(503, "You are signed in already", "5.5.1")  # RFC 4954 4
AUTH_IN_MAIL = Reply(503, "A mail is begun: finish it, or say RSET", "5.5.1")  # RFC 4954 4
AUTH_SYNTAX = Reply(501, "Write AUTH, a mechanism, and at most one word behind it", "5.5.4")
MECHANISM_UNKNOWN = Reply(504, "This way of signing in is not offered: take PLAIN or LOGIN", "5.5.4")  # RFC 4954 4
CREDENTIALS_SYNTAX = Reply(501, "This answer is not written as the mechanism asks", "5.5.2")  # RFC 4954 4
ANSWER_TOO_LONG = Reply(500, "The answer is longer than any here can be", "5.5.6")  # RFC 4954 6
AUTH_CANCELLED = Reply(501, "Signing in was given up", "5.7.0")  # RFC 4954 4
SIGNED_IN = Reply(235, "Signed in", "2.7.0")  # RFC 4954 6
NOT_SIGNED_IN = Reply(535, "Name and secret do not fit together", "5.7.8")  # RFC 4954 6
SIGN_IN_LATER = Reply(454, "Signing in is not possible now: try again soon", "4.7.0")  # RFC 4954 6
SIGN_INS_SPENT = Reply(421, "Too many wrong sign-ins", "4.7.0")
AUTH_PARAMETER = Reply(501, "AUTH= takes an address or <>, written as RFC 4954 5 asks", "5.5.4")

# MAIL
MAIL_SYNTAX = Reply(501, "Write MAIL FROM:<address>, with parameters after a space", "5.5.4")
SENDER_SYNTAX = Reply(501, "The sender's address is not written as RFC 5321 4.1.2 asks", "5.1.7")
MAIL_OPEN = Reply(503, "A mail is begun already: finish it, or say RSET", "5.5.1")  # RFC 5321 4.1.4
SIZE_SYNTAX = Reply(501, "SIZE takes a number of 1 to 20 digits", "5.5.4")  # RFC 1870 3
PARAMETER_REPEATED = Reply(501, "A parameter is given once", "5.5.4")
PARAMETER_UNKNOWN = Reply(555, "This parameter is not offered here", "5.5.4")  # RFC 5321 4.1.1.11
UTF8_NOT_OFFERED = Reply(550, "SMTPUTF8 is not offered: write with addresses and headers in ASCII", "5.6.7")  # R23
NON_ASCII_ADDRESS = Reply(553, "An address here holds ASCII characters only", "5.6.7")  # RFC 6531 3.5
SENDER_TAKEN = Reply(250, "Sender noted", "2.1.0")
MAILS_SPENT = Reply(421, "Enough mails for one session: connect again", "4.7.0")

# RCPT
RCPT_SYNTAX = Reply(501, "Write RCPT TO:<address>", "5.5.4")
RECIPIENT_SYNTAX = Reply(501, "The recipient's address is not written as RFC 5321 4.1.2 asks", "5.1.3")
MAIL_FIRST = Reply(503, "Say MAIL first", "5.5.1")  # RFC 5321 3.3
TOO_MANY_RECIPIENTS = Reply(452, "Enough recipients: send the mail to the others once more", "4.5.3")  # RFC 5321 4.5.3.1.10
REFUSALS_SPENT = Reply(421, "Too many recipients were refused", "4.7.0")

# DATA
CONTENT_EXPECTED = Reply(354, "Send the mail, end with CR LF . CR LF")  # RFC 2034 3: only 2xx, 4xx and 5xx have a status
RECIPIENT_FIRST = Reply(503, "Say RCPT first", "5.5.1")  # RFC 5321 3.3
NO_RECIPIENT_LEFT = Reply(554, "No recipient was accepted", "5.5.1")  # RFC 5321 3.3
BARE_IN_CONTENT = Reply(550, "Every line of a mail must end with CR LF: this one holds CR or LF alone", "5.6.11")
NUL_IN_CONTENT = Reply(550, "A mail cannot hold NUL octets", "5.6.0")  # RFC 2045 2.7, 2.8
ENDLESS = Reply(421, "The mail is far too large", "4.3.4")

# The rest
FINE = Reply(250, "Fine", "2.0.0")
HELP = Reply(214, "EHLO HELO MAIL RCPT DATA RSET NOOP VRFY HELP QUIT", "2.0.0")
NAME_EXPECTED_BY_VRFY = Reply(501, "VRFY takes a name", "5.5.4")
NOT_TOLD = Reply(252, "Whose mailbox it is stays unsaid: send the mail to find out", "2.5.2")  # RFC 5321 3.5.3, 7.3
GOODBYE = Reply(221, "Goodbye", "2.0.0")
ALWAYS = {"NOOP": FINE, "HELP": HELP}  # at any point, whatever stands behind them (RFC 5321 4.1.1.8, 4.1.1.9)
NOT_OFFERED = frozenset(
    {
        "EXPN",  # RFC 5321 7.3: lists are nobody's business
        "BDAT",  # RFC 3030: CHUNKING is not announced
        "TURN",  # RFC 5321 F.1
        "ETRN",  # RFC 1985: nothing waits here for a client to fetch
    }
)

# The end
SOURCE_CROWDED = Reply(421, "Too many connections from your network: try again later", "4.7.0")
SOURCE_SPENT = Reply(421, "Too many mistakes from your network: try again in some hours", "4.7.0")
SOURCE_MAILED_ENOUGH = Reply(450, "Too many mails from your network this hour: try again later", "4.7.1")
TIME_SPENT = Reply(421, "Enough time for one session: connect again", "4.4.2")
GIVE_WAY = Reply(421, "Others need your place: connect again when you have mail", "4.3.2")
ERRORS_SPENT = Reply(421, "Too many commands went wrong", "4.7.0")
TIMED_OUT = Reply(421, "Nothing came for too long", "4.4.2")  # RFC 5321 4.5.3.2.7
SHUTTING_DOWN = Reply(421, "The service is restarting: try again", "4.3.2")  # RFC 5321 3.8


def greeting(hostname: str) -> Reply:
    """The first line of all (RFC 5321 4.2, Greeting); RFC 2034 4 keeps statuses out of it."""
    return Reply(220, f"{hostname} ESMTP Postern")


def hello(hostname: str) -> Reply:
    """The answer to HELO: who we are, and not a word of who the client says it is."""
    return Reply(250, hostname)


def extensions(hostname: str, limits: Limits, *, tls: bool, mechanisms: Sequence[str] = ()) -> Reply:
    """The answer to EHLO (RFC 5321 4.1.1.1): what is offered here, one keyword a line."""
    keywords = [
        hostname,
        "PIPELINING",  # RFC 2920
        f"SIZE {limits.message_size}",  # RFC 1870
        "8BITMIME",  # RFC 6152
        "ENHANCEDSTATUSCODES",  # RFC 2034
    ]
    if tls:
        keywords.append("STARTTLS")
    if mechanisms:
        keywords.append(f"AUTH {' '.join(mechanisms)}")  # RFC 4954 3
    return Reply(250, "\n".join(keywords))


def ask_client(question: bytes) -> Reply:
    """The server's turn in an exchange (RFC 4954 4)."""
    return Reply(334, base64.b64encode(question).decode("ascii"))


def sign_in_locked(limits: Limits) -> Reply:
    """What whoever was wrong too often hears, right or wrong."""
    minutes = max(1, limits.sign_in_lock // 60)
    return Reply(454, f"Too many wrong sign-ins came from there: try again in {minutes} minutes", "4.7.0")


def too_large(limits: Limits) -> Reply:
    """A mail over the size that EHLO announced, by its own word or by its octets (RFC 1870 6.1, 6.3)."""
    return Reply(552, f"A mail may have {limits.message_size} octets", "5.3.4")
