"""What it costs to clean files: ordinary ones, and crafted ones of the largest size a mail may bring. One command:

PYTHONPATH=.:src .venv-test/bin/python bench/files.py
"""

import resource
import time
from collections.abc import Callable

from tests.planted import PICTURES
from tests.planted_documents import DOCUMENTS
from tests.properties.test_files_hostile import CRAFTED, treat

LARGE = 9_500_000
ROUNDS = 5


def seconds(octets: bytes, name: str) -> float:
    start = time.process_time()
    treat(octets, name)
    return time.process_time() - start


def show(name: str, octets: bytes, cost: float) -> None:
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024
    print(f"{name:30} {len(octets):>12,} octets {cost * 1000:9.1f} ms CPU   highest memory so far {memory} MB")


def main() -> None:
    """Inspected, cleaned and searched, as one mail's file is."""
    ordinary: dict[str, Callable[[], bytes]] = {**PICTURES, **DOCUMENTS}
    for name, make in ordinary.items():
        octets = make()
        show(name, octets, min(seconds(octets, name) for _ in range(ROUNDS)))
    for name, craft in CRAFTED.items():
        octets = craft(LARGE)
        show(name, octets, seconds(octets, "a.eml"))


if __name__ == "__main__":
    main()
