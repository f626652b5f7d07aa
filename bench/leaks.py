"""Does anything of the author leak, does an honest mail pass, is a typed contact detail found? At full size, printed as tables.

python bench/leaks.py [--cases 100000] [--honest 10000] [--contacts 4000] [--seed 1] [--processes 2]

Each case is a mail made by chance (tests/planting.py) that hides its author's addresses, Message-ID, IP addresses and host at
random places in random spellings. It is read, rewritten and guarded as in the running system; an oracle that shares no code
with the product takes the result apart. Exit status 1 if anything leaked, if fewer than nine of ten were delivered, or if an
honest mail was held.
"""

import argparse
import multiprocessing
import random
import sys
import time
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))  # started as a script, its own folder is all it would see

from postern.mail.contact_details import Allowed, find_details
from postern.mail.letter import Relayed
from postern.mail.reader import read
from postern.mail.rewrite import rewrite
from postern.model.contact_policy import DetailKind
from tests.chatter import TALK, disguised_contact, plain_contact, talk
from tests.honest import honest_mail
from tests.letters import FROM_ANN, LIMITS
from tests.planting import FROM_INGE, plant, sees

CHUNK = 500
ALLOWED = Allowed((FROM_ANN.mail_domain,), (FROM_ANN.mail_domain,))


@dataclass(slots=True)
class Tally:
    """What became of some cases."""

    cases: int = 0
    delivered: int = 0
    as_text: int = 0
    planted: Counter[tuple[str, str]] = field(default_factory=Counter)  # by place and spelling
    leaked: Counter[tuple[str, str]] = field(default_factory=Counter)
    leaking_seeds: list[int] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        self.cases += other.cases
        self.delivered += other.delivered
        self.as_text += other.as_text
        self.planted += other.planted
        self.leaked += other.leaked
        self.leaking_seeds += other.leaking_seeds


def main() -> int:
    given = _read_arguments()
    began_at = time.monotonic()
    tally = Tally()
    with multiprocessing.Pool(given.processes) as pool:
        starts = range(0, given.cases, CHUNK)
        chunks = [(given.seed * 10_000_000 + start, min(CHUNK, given.cases - start)) for start in starts]
        for part in pool.imap_unordered(_try_planted, chunks):
            tally.add(part)
        held = sum(pool.imap_unordered(_count_held, [(given.seed, start, CHUNK) for start in range(0, given.honest, CHUNK)]))
    _print_planted(tally)
    print(f"\nhonest mails: {given.honest}, held: {held}")
    _print_contacts(given.seed, given.contacts)
    print(f"\n{time.monotonic() - began_at:.0f} s")
    return 0 if not tally.leaked and tally.delivered * 10 >= tally.cases * 9 and not held else 1


def _try_planted(chunk: tuple[int, int]) -> Tally:
    """Seeds from the first on."""
    first, count = chunk
    tally = Tally(cases=count)
    for seed in range(first, first + count):
        planted = plant(random.Random(seed))
        tally.planted.update((one.place, one.spelling) for one in planted.plants)
        relayed = rewrite(read(planted.content, LIMITS), FROM_INGE)
        if not isinstance(relayed, Relayed):
            continue
        tally.delivered += 1
        tally.as_text += any("as text only" in change for change in relayed.changes)
        if seen := sees(relayed.content):
            tally.leaked.update((one.place, one.spelling) for one in planted.plants if one.secret in seen)
            tally.leaking_seeds.append(seed)
    return tally


def _count_held(chunk: tuple[int, int, int]) -> int:
    seed, first, count = chunk
    mails = (honest_mail(random.Random(f"{seed}-{number}")) for number in range(first, first + count))
    return sum(not isinstance(rewrite(read(mail, LIMITS), FROM_ANN), Relayed) for mail in mails)


def _print_planted(tally: Tally) -> None:
    print(f"planted mails: {tally.cases}, secrets in them: {tally.planted.total()}")
    print(f"delivered: {tally.delivered}, of these as text only: {tally.as_text}; held: {tally.cases - tally.delivered}")
    print(f"mails that leaked: {len(tally.leaking_seeds)} {sorted(tally.leaking_seeds)[:10] or ''}")
    for title, column in (("place", 0), ("spelling", 1)):
        print(f"\n{title:40} {'planted':>9} {'leaked':>7}")
        names = sorted({key[column].partition(", then")[0] for key in tally.planted})
        for name in names:
            counts = [
                sum(n for key, n in counted.items() if key[column].startswith(name)) for counted in (tally.planted, tally.leaked)
            ]
            print(f"{name:40} {counts[0]:9} {counts[1]:7}")


def _print_contacts(seed: int, count: int) -> None:
    chance = random.Random(seed)
    flagged = {
        language: sum(bool(find_details(talk(chance, language), ALLOWED)) for _ in range(count)) for language in sorted(TALK)
    }
    print(f"\ncontact details: honest order talk flagged, of {count} texts a language")
    print("  ".join(f"{language} {number / count:.2%}" for language, number in flagged.items()))
    print(f"found, of {count} a kind {'plain':>10} {'disguised':>10}")
    for kind in DetailKind:
        shares = [_recall(chance, kind, count, disguised=disguised) for disguised in (False, True)]
        print(f"{kind.value:20} {shares[0]:14.1%} {shares[1]:10.1%}")


def _recall(chance: random.Random, kind: DetailKind, count: int, *, disguised: bool) -> float:
    make = disguised_contact if disguised else plain_contact
    return (
        sum(
            _is_found(f"{talk(chance, sentences=1)} ", make(chance, kind), f"\n{talk(chance, sentences=1)}") for _ in range(count)
        )
        / count
    )


def _is_found(before: str, contact: str, after: str) -> bool:
    """Whether something is found where the contact stands."""
    begin, end = len(before), len(before) + len(contact)
    return any(detail.start < end and detail.end > begin for detail in find_details(before + contact + after, ALLOWED))


def _read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="bench/leaks.py", description="Leaks, honest mails, contact details: the whole search.")
    parser.add_argument("--cases", type=int, default=100_000, help="mails with something planted in them")
    parser.add_argument("--honest", type=int, default=10_000, help="honest mails")
    parser.add_argument("--contacts", type=int, default=4_000, help="texts of each language, and of each kind of contact")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--processes", type=int, default=2)
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
