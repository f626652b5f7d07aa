"""A calendar's events (RFC 5545) as a few lines of text: what, when, where. Who invites whom, and every id, is not said."""

import re
from collections.abc import Iterator

from postern.language import say
from postern.mail.characters import one_line
from postern.mail.reading.charsets import by_evidence

_EVENTS_MAXIMUM = 20
_WORDS_MAXIMUM = 500  # characters of one property
_FOLD = re.compile(r"\r?\n[ \t]")
_LINE = re.compile(r"([A-Z]{1,20})((?:;[^:;\"]{0,100}(?:\"[^\"]{0,200}\")?){0,10}):(.*)")
_ESCAPED = re.compile(r"\\([\\;,nN])")
_TIME = re.compile(r"(\d{4})(\d\d)(\d\d)(?:T(\d\d)(\d\d)\d\d(Z?))?")
_ZONE = re.compile(r";TZID=\"?(?:[^;\":]*/)?([A-Z][A-Za-z_]{1,30}/[A-Z][A-Za-z_]{1,30})\"?(?:;|$)")
_TOLD = ("SUMMARY", "DTSTART", "DTEND", "LOCATION")


def as_text(octets: bytes, language: str) -> bytes:
    """The events one below the other; nothing if there is none."""
    blocks = ["\n".join(_lines(event, language)) for event in _events(_FOLD.sub("", by_evidence(octets)))]
    return "\n\n".join(block for block in blocks if block).encode("utf-8", "replace")


def _events(text: str) -> Iterator[dict[str, str]]:
    event: dict[str, str] | None = None
    count = 0
    for row in text.split("\n"):
        line = row.strip()
        if line == "BEGIN:VEVENT" and count < _EVENTS_MAXIMUM:
            event, count = {}, count + 1
        elif line == "END:VEVENT" and event is not None:
            yield event
            event = None
        elif event is not None and (found := _LINE.fullmatch(line)) and found[1] in _TOLD and found[1] not in event:
            event[found[1]] = _moment(found[3], found[2]) if found[1].startswith("DT") else _words(found[3])


def _words(value: str) -> str:
    return one_line(_ESCAPED.sub(lambda found: " " if found[1] in "nN" else found[1], value[:_WORDS_MAXIMUM]))


def _moment(value: str, parameters: str) -> str:
    found = _TIME.fullmatch(value)
    if not found:
        return ""
    day = f"{found[1]}-{found[2]}-{found[3]}"
    zone = _ZONE.search(parameters)
    place = " UTC" if found[6] else f" ({zone[1]})" if zone else ""
    return f"{day} {found[4]}:{found[5]}{place}" if found[4] else day


def _lines(event: dict[str, str], language: str) -> Iterator[str]:
    if event.get("SUMMARY"):
        yield event["SUMMARY"]
    if event.get("DTSTART"):
        yield say(language, "Begins: {time}", time=event["DTSTART"])
    if event.get("DTEND"):
        yield say(language, "Ends: {time}", time=event["DTEND"])
    if event.get("LOCATION"):
        yield say(language, "Place: {place}", place=event["LOCATION"])
