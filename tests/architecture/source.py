"""The sources as the tests in this folder see them: files and syntax trees, read once. It runs nothing of what it reads."""

import ast
import io
import re
import subprocess
import tokenize
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_SCOPES = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
_LEFT_OUT = {".git", ".venv", ".venv-test", "__pycache__", ".mypy_cache", ".ruff_cache", ".pytest_cache", ".hypothesis"}

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Module:
    """One Python file. ``name`` is its dotted name under src, or its path where it lies elsewhere."""

    path: Path
    name: str
    text: str = field(repr=False)
    tree: ast.Module = field(repr=False)

    def __str__(self) -> str:
        return str(self.path.relative_to(ROOT))

    def functions(self) -> Iterator[Function]:
        """Every function and method, nested ones too."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
                yield node

    def imports(self) -> Iterator[str]:
        """The dotted name of every module imported here, wherever the import stands."""
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                yield from (alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield "." * node.level + (node.module or "")

    def prose(self) -> Iterator[str]:
        """Every comment and docstring: where promises and laws are cited."""
        for token in tokenize.generate_tokens(io.StringIO(self.text).readline):
            if token.type == tokenize.COMMENT:
                yield token.string
        for node in ast.walk(self.tree):
            if isinstance(node, _SCOPES):
                yield ast.get_docstring(node) or ""


@cache
def modules(folder: str) -> tuple[Module, ...]:
    """Every Python file below this folder of the repository, in order."""
    return tuple(_read(path) for path in sorted((ROOT / folder).rglob("*.py")) if not _LEFT_OUT.intersection(path.parts))


def _read(path: Path) -> Module:
    text = path.read_text(encoding="utf-8")
    relative = path.relative_to(ROOT)
    name = ".".join(relative.with_suffix("").parts[1:]).removesuffix(".__init__") if relative.parts[0] == "src" else str(relative)
    return Module(path, name, text, ast.parse(text))


def product() -> tuple[Module, ...]:
    """What is shipped."""
    return modules("src")


def carrying_tests() -> tuple[Module, ...]:
    """The tests that show what Postern does, without those in this folder, which only look at how it is written."""
    return tuple(module for module in modules("tests") if "architecture" not in module.path.parts)


@cache
def repository_files() -> tuple[Path, ...]:
    """Every file of the repository: as git sees it, or all there are where this is no checkout."""
    command = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    try:
        listed = subprocess.run(command, cwd=ROOT, capture_output=True, check=True, timeout=30).stdout.decode()
        paths = [ROOT / name for name in listed.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        paths = [path for path in ROOT.rglob("*") if not _LEFT_OUT.intersection(path.parts)]
    return tuple(path for path in sorted(set(paths)) if path.is_file())


def cited_promises(text: str) -> set[str]:
    """The promises named in a text: ``R9``, and each of ``R1 to R4`` or ``R1-R4``."""
    cited = set(re.findall(r"\bR\d{1,2}\b", text))
    for first, last in re.findall(r"\bR(\d{1,2}) ?(?:-|to) ?R(\d{1,2})\b", text):
        cited.update(f"R{number}" for number in range(int(first), int(last) + 1))
    return cited
