"""A search for mails that break the letter, and for clients that break the session, led by coverage, with atheris.

    python bench/fuzz.py reader|writer|guard|session|address [--minutes 10] [--findings FOLDER]

atheris is no requirement of the tests, for it does not build everywhere: `pip install atheris` brings it. The search starts from
the mails, the dialogues and the addresses of our own tests and changes them as mails are built: by lines, tokens and encodings. A
finding is written to the folder
(the octets that make it, to be kept as a test) and ends the search with another status than 0.
"""

import argparse
import base64
import contextlib
import email
import email.policy
import quopri
import random
import re
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a script, its own folder is all it would see

try:
    import atheris
except ImportError:
    sys.exit("atheris is missing. Install it into this environment: pip install atheris")

with atheris.instrument_imports(include=["postern.mail", "postern.model", "postern.smtp"]):
    from postern.mail import header_lines, writer
    from postern.mail.characters import clean, one_line
    from postern.mail.guard import find_certain
    from postern.mail.letter import Attachment, Relayed
    from postern.mail.reader import read
    from postern.mail.reading.file_names import clean_file_name
    from postern.mail.rewrite import rewrite
    from postern.model.address import LOCAL_PART_MAXIMUM, Address
    from postern.smtp.command import read_mail, read_rcpt
    from postern.smtp.reply import LINE_MAXIMUM, Reply

from postern.errors import AddressError
from tests.dialogue import octets, read_dialogue
from tests.hostile import HOSTILE
from tests.letters import ANN, FROM_ANN, LIMITS, numbered_boundaries
from tests.ordinary import ordinary_mails
from tests.talking import SMALL, carrier

CORPUS = Path(__file__).resolve().parents[1] / "tests" / "corpus"
DIALOGUES = Path(__file__).resolve().parents[1] / "tests" / "doors" / "dialogues"
COMMANDS = [
    *(
        b"EHLO a.test\r\n",
        b"HELO a.test\r\n",
        b"MAIL FROM:<",
        b"RCPT TO:<shop@marketplace.example>\r\n",
        b"DATA\r\n",
        b"RSET\r\n",
    ),
    *(
        b"STARTTLS\r\n",
        b"QUIT\r\n",
        b"\r\n.\r\n",
        b"\n.\n",
        b"\r.\r",
        b"\r\n.",
        b"\0",
        b"\xff",
        b"@",
        b'"',
        b"\\",
        b"[IPv6:",
        b"[",
        b">",
    ),
    *(b" SIZE=", b" BODY=8BITMIME", b"xn--", b".", b"%", b"!", b",", b":", b"{", b"=", b"\r", b"\n"),
]
ADDRESS = ANN.canonical()
INPUT_MAXIMUM = 10_000  # octets
INPUT_SECONDS = 5
SEED_SIZE = 600  # octets of a hostile mail in small
UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
FORBIDDEN_IN_NAMES = re.compile('[\x00-\x1f\x7f-\x9f/\\\\:<>"|?*\u202a-\u202e\u2066-\u2069]')
TOKENS = [
    *(b"From: ", b"Subject: ", b"Content-Type: ", b"Content-Disposition: ", b"Content-Transfer-Encoding: ", b"Content-ID: "),
    *(b"multipart/mixed; boundary=b", b"multipart/alternative; boundary=b", b"multipart/related; boundary=b", b"message/rfc822"),
    *(b"text/html", b"text/plain", b"text/enriched", b"text/calendar", b"application/pdf", b"image/png", b"multipart/digest"),
    *(b"; charset=", b"utf-8", b"utf-7", b"utf-16", b"gb2312", b"iso-2022-jp", b"iso-2022-cn", b"hz", b"koi8-r", b"big5"),
    *(b"base64", b"quoted-printable", b"x-uuencode", b"8bit", b"; format=flowed", b"; delsp=yes", b"attachment; filename="),
    *(b"*0*=utf-8''", b"*1=", b"=?utf-8?b?", b"=?utf-8?q?", b"?=", b"--b", b"--b--", b"\r\n\r\n", b"\r\n", b"\r\n ", b"\x00"),
    *(
        b"begin 644 x",
        b"#0V%T",
        b"end",
        b"\x1b$B",
        b"\x1b(B",
        b"\x0e",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"+ADw-",
        b"~{",
        b"\xb5\xc4",
    ),
    *(b"<p>", b"</p>", b"<a href='mailto:", b"<img src=cid:x>", b"<blockquote>", b"<!--", b"-->", b"&#64;", b"&commat;", b"%40"),
    *(b"<!DOCTYPE", b"<style>", b"<table><tr><td>", b"<b>", b"</b>", b"title='", b"<br>", b"\xef\xbc\xa0", b"\xe2\x80\x8b"),
    *(b"ann@mail.test", b"ann@", b"mail.test", b"ann", b"[pt-", b"-" * 12, b"-" * 13, b"> ", b"-- \r\n", b"BEGIN:VCARD"),
]


def main() -> None:
    given = _read_arguments()
    folder = Path(given.findings)
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix="postern-fuzz-") as seeds:
        for number, seed in enumerate(_seeds(given.target)):
            (Path(seeds) / f"{number:04}").write_bytes(seed[:INPUT_MAXIMUM])
        options = [
            f"-max_total_time={int(given.minutes * 60)}",
            f"-max_len={INPUT_MAXIMUM}",
            f"-timeout={INPUT_SECONDS}",
            "-rss_limit_mb=2000",
            f"-artifact_prefix={folder}/{given.target}-",
            "-print_final_stats=1",
        ]
        atheris.Setup([sys.argv[0], *options, seeds], TARGETS[given.target], custom_mutator=_mutate)
        atheris.Fuzz()


def _seeds(target: str) -> list[bytes]:
    if target in SMTP:
        said = [
            [octets(step) for step in one.steps if step.kind in {"C:", "C>"}]
            for one in map(read_dialogue, DIALOGUES.glob("*.txt"))
        ]
        return [b"".join(lines) for lines in said] if target == "session" else [line for lines in said for line in lines]
    return [
        *(grow(SEED_SIZE) for grow in HOSTILE.values()),
        *(mail.make() for mail in ordinary_mails()[:4]),
        *(path.read_bytes().replace(b"\n", b"\r\n") for path in sorted(CORPUS.glob("*/*.eml"))),
    ]


def _mutate(content: bytes, maximum: int, seed: int) -> bytes:
    """One change as mails are changed: a token put in, a line moved, doubled or dropped, an encoding put on; or any octets."""
    chance = random.Random(seed)
    changed = bytearray(content)
    start = chance.randrange(len(changed) + 1)
    end = min(len(changed), start + chance.randrange(1, 60))
    tokens = COMMANDS if sys.argv[1] in SMTP else TOKENS
    match chance.randrange(8):
        case 0 | 1:
            changed[start:start] = chance.choice(tokens)
        case 2:
            changed[start:end] = chance.choice(tokens)
        case 3:
            changed[start:end] = b""
        case 4:
            lines = content.split(b"\r\n")
            lines.insert(chance.randrange(len(lines) + 1), chance.choice(lines))
            changed[:] = b"\r\n".join(lines)
        case 5:
            lines = content.split(b"\r\n")
            lines.pop(chance.randrange(len(lines)))
            changed[:] = b"\r\n".join(lines)
        case 6:
            encode = chance.choice((base64.b64encode, quopri.encodestring))
            changed[start:end] = encode(bytes(changed[start:end]))
        case _:
            return bytes(atheris.Mutate(content, maximum))
    return bytes(changed[:maximum])


def read_anything(content: bytes) -> None:
    """Whatever comes, a reading comes out, clean, and it is the same one again."""
    reading = read(content, LIMITS)
    letter = reading.letter
    for words in (letter.subject, letter.text or "", letter.html or ""):
        _hold(not UNSEEN.search(words), "a control character")
    _hold(len(letter.attachments) <= LIMITS.parts, "too many files")
    for file in letter.attachments:
        _hold(not FORBIDDEN_IN_NAMES.search(file.file_name), "a file name")
        _hold(clean_file_name(file.file_name) == file.file_name, "a file name that is cleaned twice")
    _hold(read(content, LIMITS) == reading, "another reading")


def write_and_read_again(content: bytes) -> None:
    """Whatever is written is read again as it was, by us and by the standard library."""
    given = atheris.FuzzedDataProvider(content)
    subject, name = _without_marks(given.ConsumeUnicode(80)), given.ConsumeUnicode(60)
    html = given.ConsumeUnicodeNoSurrogates(200)
    file = given.ConsumeBytes(100)
    text = _without_marks(clean(given.ConsumeUnicode(2_000)))
    attachment = Attachment(clean_file_name(name), "application/octet-stream", file)
    fields = [header_lines.unstructured("Subject", subject), header_lines.mailbox("From", name, "a@b.test")]
    written = writer.mail(fields, text, clean(html), [attachment], numbered_boundaries())
    _hold(written.isascii(), "no seven-bit mail")
    _hold(all(len(line) <= 78 and b"\n" not in line and b"\r" not in line for line in written.split(b"\r\n")), "a line")
    letter = read(written, LIMITS).letter
    _hold(letter.subject == one_line(subject), "the subject")
    _hold((letter.text or "").rstrip("\n") == text.rstrip("\n"), "the text")
    _hold([(one.file_name, one.content) for one in letter.attachments] == [(attachment.file_name, file)], "the file")
    message = email.message_from_bytes(written, policy=email.policy.compat32)
    _hold([key for key, _ in message.raw_items()] == ["Subject", "From", "MIME-Version", "Content-Type"], "a header field")


def _without_marks(text: str) -> str:
    """Without byte order marks, which belong to an encoding and not to a text, and lines that would begin a uuencoded file."""
    return text.replace("\ufeff", "").replace("begin", "Begin")


def relay_and_look(content: bytes) -> None:
    """Whatever Ann sends, her address is not in what leaves, for the guard and for the standard library."""
    outcome = rewrite(read(content, LIMITS), FROM_ANN)
    if not isinstance(outcome, Relayed):
        return
    _hold(not find_certain(outcome.content, (ANN,)), "the guard finds it")
    for part in email.message_from_bytes(outcome.content, policy=email.policy.compat32).walk():
        payload = part.get_payload(decode=True)
        shown = payload if isinstance(payload, bytes) else b""
        _hold(ADDRESS.encode() not in shown.lower(), "the standard library finds it")
        _hold(ADDRESS not in str(part.get_filename()).lower(), "a file name shows it")
    again = rewrite(read(outcome.content, LIMITS), FROM_ANN)
    _hold(isinstance(again, Relayed), "relayed once and held the second time")


def talk_to_the_session(content: bytes) -> None:
    """Whatever comes, in whatever pieces: the same replies and mails, within the limits, with nothing said back."""
    cut = content[0] if content else 0
    whole, pieces = carrier(), carrier()
    whole.send(content)
    for start in range(0, len(content), cut + 1):
        pieces.send(content[start : start + cut + 1])
        held = pieces.session.held_octets
        _hold(held <= max(SMALL.command_line, SMALL.message_size * 4 // 3 + 20), "too much is held")
    _hold((whole.story, whole.said) == (pieces.story, pieces.said), "another story in pieces")
    said = whole.said + b"".join(piece for piece in whole.story if isinstance(piece, bytes))
    _hold(said.isascii() and all(len(line) <= LINE_MAXIMUM for line in said.splitlines(keepends=True)), "a reply")
    for mail in whole.mails:
        pairs = mail.content.count(b"\r\n")
        _hold(mail.content.count(b"\r") == pairs == mail.content.count(b"\n") and b"\0" not in mail.content, "a bare end of line")
        _hold(len(mail.content) <= SMALL.message_size, "too large")


def read_any_address(content: bytes) -> None:
    """Whatever is taken for an address in a command is one in the model too, or a literal; and it reads as itself again."""
    text = content.decode("latin-1")
    for path in (read_mail(text, SMALL), read_rcpt(text), read_mail(f"FROM:<{text}>", SMALL), read_rcpt(f"TO:<{text}>")):
        if isinstance(path, Reply) or path == "" or path.lower() == "postmaster":
            continue
        _hold(path.isascii() and path.isprintable() and not path.startswith("@"), "what no command may hold")
        _hold(read_rcpt(f"TO:<{path}>") == path, "another address the second time")
        if not path.endswith("]") and len(path.rpartition("@")[0]) <= LOCAL_PART_MAXIMUM:
            _hold(Address.parse(path).canonical() == path.lower(), "an address that is none")
    with contextlib.suppress(AddressError):
        address = Address.parse(text)
        _hold(Address.parse(address.reveal()) == address, "another address the second time")
        _hold(read_rcpt(f"TO:<{address.reveal()}>") == address.reveal(), "no address for a command")


def _hold(truth: object, what: str) -> None:
    if not truth:
        raise AssertionError(what)


SMTP = ("session", "address")
TARGETS: dict[str, Callable[[bytes], None]] = {
    "reader": read_anything,
    "writer": write_and_read_again,
    "guard": relay_and_look,
    "session": talk_to_the_session,
    "address": read_any_address,
}


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/fuzz.py", description="Search for mails that break the letter.")
    parser.add_argument("target", choices=sorted(TARGETS))
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--findings", default="findings", metavar="FOLDER", help="where findings are written")
    return parser.parse_args()


if __name__ == "__main__":
    main()
