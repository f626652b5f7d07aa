"""Any collection of mails through the letter: read, rewrite and guard each one in both directions, and count what became of it.

    python bench/corpus.py FOLDER... [--differences] [--json]

A folder may hold single mails and mbox files; what does not begin like a mail is passed over and counted. Each mail's own author
is the one to be hidden, as buyer and as seller. Nothing may raise. Each reading is compared with the standard library's: the
words a person sees, and the number of files; `--differences` lists where they part. Status 1 if anything raised or an author
showed.
"""

import argparse
import email
import email.policy
import json
import re
import resource
import sys
import time
import traceback
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from email.message import Message
from html import unescape
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a script, its own folder is all it would see

from postern.mail.letter import Letter, Passage, Reading, Relayed
from postern.mail.reader import read
from postern.mail.rewrite import rewrite
from tests.letters import ACMES_ALIAS, ANNS_ALIAS, FROM_ACME, FROM_ANN, LIMITS

FILE_MAXIMUM = 50_000_000  # octets
MISSED_WORDS = 0.02  # of the standard library's words may be missing in ours before it is called a difference
BEGINS_LIKE_A_MAIL = re.compile(rb"\s*(?:\xef\xbb\xbf)?(?:>?From [^\n]*\n|[!-9;-~]{1,76}[ \t]*:)")
MBOX_LINE = re.compile(rb"(?:\A|(?<=\n\n)|(?<=\n\r\n))From [^\n]{0,200}\d{4}[^\n]{0,40}\n")
TEXT_FOR_PROGRAMS = re.compile(r"text/(?:calendar|csv|directory|rfc822-headers|rtf|xml|.*(?:card|css|script|signature))")
WORD = re.compile(r"\w+")
MARKUP = re.compile(r"(?is)<!--.*?-->|<(?:style|script|title|head)\b.*?</(?:style|script|title|head)\s*>|<[^<>]*>")


@dataclass(slots=True)
class Tally:
    """What became of the mails."""

    mails: int = 0
    passed_over: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    changes: Counter[str] = field(default_factory=Counter)
    defects: Counter[str] = field(default_factory=Counter)
    raised: list[str] = field(default_factory=list)
    shown: list[str] = field(default_factory=list)
    differences: list[str] = field(default_factory=list)
    incomparable: int = 0
    seconds: list[float] = field(default_factory=list)
    octets: int = 0


def main() -> None:
    given = _read_arguments()
    tally = Tally()
    for folder in given.folders:
        for path in _files(Path(folder)):
            for number, content in enumerate(_mails(path, tally), start=1):
                _go(f"{path}" if number == 1 else f"{path} ({number})", content, tally)
    _report(tally, given)
    sys.exit(1 if tally.raised or tally.shown else 0)


def _files(folder: Path) -> list[Path]:
    if folder.is_file():
        return [folder]
    return sorted(path for path in folder.rglob("*") if path.is_file() and path.stat().st_size <= FILE_MAXIMUM)


def _mails(path: Path, tally: Tally) -> Iterator[bytes]:
    """The mail in this file, or the mails of an mbox."""
    content = path.read_bytes()
    if not BEGINS_LIKE_A_MAIL.match(content):
        tally.passed_over += 1
        return
    starts = [line.start() for line in MBOX_LINE.finditer(content)] if content.startswith(b"From ") else []
    if len(starts) < 2:
        yield content
        return
    for start, end in zip(starts, [*starts[1:], len(content)], strict=True):
        yield content[start:end]


def _go(name: str, content: bytes, tally: Tally) -> None:
    tally.mails += 1
    tally.octets += len(content)
    began_at = time.process_time()
    try:
        reading = read(content, LIMITS)
        outcomes = [_relay(reading, passage, tally) for passage in _passages(reading)]
    except Exception:  # noqa: BLE001 - that nothing raises is what is tested
        tally.raised.append(f"{name}\n{traceback.format_exc()}")
        return
    tally.seconds.append(time.process_time() - began_at)
    tally.outcomes.update(outcome for outcome, _ in outcomes)
    tally.defects.update(reading.defects)
    for _, relayed in outcomes:
        if relayed is not None and _author_shows(reading, relayed):
            tally.shown.append(name)
    _compare(name, content, reading, tally)


def _passages(reading: Reading) -> tuple[Passage, Passage]:
    """Both directions, with this mail's own author as the one to hide."""
    author = reading.authors[0].address if reading.authors else None
    if author is None:
        return FROM_ANN, FROM_ACME
    known = (author, ANNS_ALIAS), FROM_ANN.known_addresses[1]
    selling = FROM_ANN.known_addresses[0], (author, ACMES_ALIAS)
    return replace(FROM_ANN, known_addresses=known, certain=(author,)), replace(
        FROM_ACME, known_addresses=selling, certain=(author,)
    )


def _relay(reading: Reading, passage: Passage, tally: Tally) -> tuple[str, Relayed | None]:
    if reading.unreadable:
        return f"refused: {reading.unreadable}", None
    files = reading.letter.attachments
    if len(files) > LIMITS.attachments:
        return f"refused: more than {LIMITS.attachments} files", None
    if sum(len(file.content) for file in files) > LIMITS.attachment_bytes:
        return f"refused: files of more than {LIMITS.attachment_bytes} bytes", None
    outcome = rewrite(reading, passage)
    if not isinstance(outcome, Relayed):
        return f"held: {', '.join(outcome.places)}", None
    tally.changes.update(outcome.changes)
    return "relayed", outcome


def _author_shows(reading: Reading, relayed: Relayed) -> bool:
    """Whether the standard library finds the author's address in what leaves, in the plain."""
    author = reading.authors[0].address if reading.authors else None
    if author is None:
        return False
    message = email.message_from_bytes(relayed.content, policy=email.policy.compat32)
    words = [str(value) for value in message.values()]
    for part in message.walk():
        payload = part.get_payload(decode=True)
        words.append(payload.decode("utf-8", "replace") if isinstance(payload, bytes) else "")
    return author.reveal().lower() in "\n".join(words).lower()


def _compare(name: str, content: bytes, reading: Reading, tally: Tally) -> None:
    """Against the standard library, where it can read the mail at all."""
    try:
        theirs, their_files = _as_the_library_reads(content)
    except Exception:  # noqa: BLE001 - it raises on some mails, of many kinds
        tally.incomparable += 1
        return
    if reading.unreadable:
        return
    ours = Counter(WORD.findall(_seen(reading.letter)))
    missing = theirs - ours
    if sum(missing.values()) > max(1, MISSED_WORDS * sum(theirs.values())):
        some = " ".join(list(missing)[:8])
        tally.differences.append(f"{name}: {sum(missing.values())} of {sum(theirs.values())} words: {some}")
    if their_files != len(reading.letter.attachments):
        tally.differences.append(f"{name}: {their_files} files, ours {len(reading.letter.attachments)}")


def _seen(letter: Letter) -> str:
    return f"{letter.text or ''}\n{_words_of(letter.html or '')}"


def _words_of(html: str) -> str:
    return unescape(MARKUP.sub(" ", html))


def _as_the_library_reads(content: bytes) -> tuple[Counter[str], int]:
    message = email.message_from_bytes(content, policy=email.policy.compat32)
    words: Counter[str] = Counter()
    files = 0
    for part in _leaves(message):
        kind = part.get_content_type()
        is_text = kind.startswith("text/") and not TEXT_FOR_PROGRAMS.fullmatch(kind)
        is_broken = part.get_content_maintype() == "multipart"
        if (is_text or is_broken) and not part.get_filename() and part.get_content_disposition() != "attachment":
            payload = part.get_payload(decode=True)
            text = (payload if isinstance(payload, bytes) else b"").decode(_charset(part), "replace")
            words.update(WORD.findall(_words_of(text) if kind == "text/html" else text))
        else:
            files += 1
    return words, files


def _charset(part: "Message[str, str]") -> str:
    name = part.get_content_charset("utf-8")
    return {"us-ascii": "utf-8", "gb2312": "gb18030"}.get(name, name)


def _leaves(message: "Message[str, str]") -> "Iterator[Message[str, str]]":
    """The parts that have content; an attached mail is one."""
    waiting = [message]
    while waiting:
        part = waiting.pop()
        payload = part.get_payload()
        if part.get_content_maintype() == "multipart" and isinstance(payload, list):
            waiting += [inner for inner in reversed(payload) if isinstance(inner, Message)]
        else:
            yield part


def _report(tally: Tally, given: argparse.Namespace) -> None:
    spent = sorted(tally.seconds) or [0.0]
    figures = {
        "mails": tally.mails,
        "files passed over": tally.passed_over,
        "raised": len(tally.raised),
        "author shown": len(tally.shown),
        "differences": len(tally.differences),
        "not readable by the standard library": tally.incomparable,
        "octets": tally.octets,
        "CPU seconds, all": round(sum(spent), 2),
        "CPU ms, median": round(spent[len(spent) // 2] * 1000, 1),
        "CPU ms, 99 %": round(spent[int(len(spent) * 0.99)] * 1000, 1),
        "CPU ms, most": round(spent[-1] * 1000, 1),
        "peak memory, MB": round(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000, 1),
    }
    if given.json:
        counts = {"outcomes": tally.outcomes, "changes": tally.changes, "defects": tally.defects}
        print(json.dumps({**figures, **counts}, indent=2))
    else:
        for what, figure in figures.items():
            print(f"{figure:>12}  {what}")
        for title, counted in (("outcomes, a mail two", tally.outcomes), ("changes", tally.changes), ("defects", tally.defects)):
            print(f"\n{title}:")
            for what, count in counted.most_common():
                print(f"{count:>12}  {what}")
    for line in (*tally.raised, *tally.shown, *(tally.differences if given.differences else ())):
        print(line, file=sys.stderr)


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/corpus.py", description="Collections of mails, read, rewritten and guarded.")
    parser.add_argument("folders", nargs="+", metavar="FOLDER", help="a folder of mails, or one file")
    parser.add_argument("--differences", action="store_true", help="list where the standard library reads other words or files")
    parser.add_argument("--json", action="store_true", help="figures for a program")
    return parser.parse_args()


if __name__ == "__main__":
    main()
