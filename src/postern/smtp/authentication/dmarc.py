"""DMARC: what a domain publishes (RFC 7489 6.3), where its house ends, and so whether two names are of one house.

The house is found by walking up the tree of names, as DMARC's successor does: no list of suffixes is needed, and two names belong
together only where somebody who may say so has published it (docs/decisions/0011).
"""

from dataclasses import dataclass

from postern.model.authentication import Aligned, Published, Result
from postern.smtp.authentication.answers import Answer, Answers, Kind, State
from postern.smtp.authentication.tags import TagsError, read_tags

STEPS = 8  # names looked at on the way up, the first included
_POLICIES = {"none", "quarantine", "reject"}


@dataclass(frozen=True, slots=True)
class Record:
    """One record and the name at which it was found. A flag that is missing is empty."""

    name: str
    policy: str
    policy_below: str = ""
    policy_of_no_name: str = ""
    is_public_suffix: str = ""  # y, n or u
    strict_dkim: bool = False
    strict_spf: bool = False
    is_testing: bool = False


@dataclass(frozen=True, slots=True)
class House:
    """What was found of one domain. ``name`` is its organization; None where a name server kept silent."""

    domain: str
    name: str | None
    record: Record | None

    def published(self, answers: Answers) -> Published:
        """What it asks of those who get its mail. Raises OpenQuestionsError."""
        if self.record is None:
            return Published(Result.TEMPERROR if self.name is None else Result.NONE)
        return Published(Result.PASS, self._policy(self.record, answers), self.record.is_testing)

    def _policy(self, record: Record, answers: Answers) -> str:
        if record.name == self.domain:
            return record.policy
        below = record.policy_below or record.policy
        if record.policy_of_no_name and answers.get(self.domain, Kind.A).state is State.NO_SUCH_NAME:
            return record.policy_of_no_name
        return below

    def holds(self, other: "House", *, strict: bool) -> Aligned:
        """RFC 7489 3.1: whether a name that was proved is of the house of the author's."""
        if other.domain == self.domain:
            return Aligned.YES
        if strict or not _could_be_one_house(self.domain, other.domain):
            return Aligned.NO
        if self.name is None or other.name is None:
            return Aligned.UNKNOWN_NOW
        return Aligned.YES if self.name == other.name else Aligned.NO


def find_house(domain: str, answers: Answers, author: str = "") -> House:
    """The organization of a name, and the record that holds for it. With ``author``, of a name that can be of the author's house
    at all: of any other nothing is asked. Raises OpenQuestionsError.
    """
    if author and (domain == author or not _could_be_one_house(domain, author)):
        return House(domain, domain, None)
    names = _way_up(domain)
    found = answers.all((f"_dmarc.{name}" for name in names), Kind.TXT)
    if any(answer.state is State.FAILED for answer in found):
        return House(domain, None, None)
    records = [record for name, answer in zip(names, found, strict=True) if (record := _record_in(name, answer))]
    organization = _organization(domain, records)
    own = next((one for one in records if one.name == domain), None)
    return House(domain, organization, own or next((one for one in records if one.name == organization), None))


def _organization(domain: str, records: list[Record]) -> str:
    """The name whose record says that it is one, or the one below a public suffix, or the uppermost with a record."""
    for record in records:
        if record.is_public_suffix == "n":
            return record.name
        if record.is_public_suffix == "y" and record.name != domain:
            return _one_below(record.name, domain)
    return records[-1].name if records else domain


def _one_below(suffix: str, domain: str) -> str:
    labels = domain.split(".")
    return ".".join(labels[-(suffix.count(".") + 2) :])


def _way_up(domain: str) -> list[str]:
    """The name and those above it, some left out where there are many."""
    labels = domain.split(".")
    starts = [0, *range(max(1, len(labels) - STEPS + 1), len(labels))]
    return [".".join(labels[start:]) for start in starts]


def _could_be_one_house(one: str, other: str) -> bool:
    """Two labels in common, at least: whatever a top level publishes, it is nobody's house."""
    return one.split(".")[-2:] == other.split(".")[-2:]


def _record_in(name: str, answer: Answer) -> Record | None:
    """RFC 7489 6.6.3: the one record of this version. Of several, none counts."""
    found = [text for text in answer.records if _is_dmarc(text)]
    if len(found) != 1:
        return None
    try:
        tags = {key.lower(): value.lower() for key, value in read_tags(found[0]).items()}
    except TagsError:
        return None
    policy = tags.get("p", "none")
    return Record(
        name=name,
        policy=policy if policy in _POLICIES else "none",
        policy_below=tags.get("sp", "") if tags.get("sp") in _POLICIES else "",
        policy_of_no_name=tags.get("np", "") if tags.get("np") in _POLICIES else "",
        is_public_suffix=tags.get("psd", ""),
        strict_dkim=tags.get("adkim") == "s",
        strict_spf=tags.get("aspf") == "s",
        is_testing=tags.get("t") == "y",
    )


def _is_dmarc(text: str) -> bool:
    name, _, value = text.partition(";")[0].partition("=")
    return name.strip() == "v" and value.strip() == "DMARC1"
