"""What processes cost, read from the kernel. It starts nothing and judges nothing."""

import os
from collections import defaultdict
from collections.abc import Collection, Sequence
from math import ceil
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PROC = Path("/proc")
_PARENT, _TIMES = 1, slice(11, 15)  # fields of /proc/PID/stat behind the command's name: see proc(5)


def processor_seconds(roots: Collection[int]) -> float:
    """CPU time that these processes and all below them have used, with those of their children that have ended."""
    return sum(sum(map(int, _fields(pid)[_TIMES])) for pid in tree(roots)) / _TICKS


def megabytes(roots: Collection[int]) -> float:
    """Their memory as PSS: what several share is counted once."""
    return sum(_pss_kilobytes(pid) for pid in tree(roots)) / 1000


def tree(roots: Collection[int]) -> list[int]:
    """These processes and all below them."""
    below: dict[int, list[int]] = defaultdict(list)
    for path in _PROC.glob("[0-9]*"):
        fields = _fields(int(path.name))
        if fields:
            below[int(fields[_PARENT])].append(int(path.name))
    found, waiting = [], list(roots)
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        waiting.extend(below[pid])
    return found


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent do not exceed."""
    return sorted(values)[max(0, ceil(len(values) * percent / 100) - 1)] if values else 0.0


def _fields(pid: int) -> list[str]:
    """The fields behind the command's name, which may hold anything; none once the process is gone."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return []


def _pss_kilobytes(pid: int) -> int:
    try:
        lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) for line in lines if line.startswith("Pss:")), 0)
