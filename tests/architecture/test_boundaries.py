import ast
import re
import sys

import pytest

from tests.architecture.source import Module, product

# Every place where a real address can appear. A module enters this list with a reason that holds for it.
REVEALING = (
    "postern.actions.deliver_mail",  # writes To for the recipient, at the attempt
    "postern.actions.export_person",  # writes a person's own address into the copy that they asked for
    "postern.api.senders",  # shows a seller's own program who may write for that seller
    "postern.cli.sender_secrets",  # tells an operator what to set in a mail program
    "postern.cli.senders",  # shows an operator who may write for a seller
    "postern.cli.team",  # shows an operator who works for a seller
    "postern.connect.sandbox",  # the outbox of a demonstration
    "postern.model.address",  # defines it
    "postern.smtp.parcel",  # the envelope and To of one attempt
    "postern.storage.people",  # seals it under the person's key
)

PURE = ("postern.model", "postern.policy", "postern.mail")
STANDARD_LIBRARY_ONLY = ("postern.model", "postern.policy", "postern.ports", "postern.errors")
SPEAKS_TO_THE_WORLD = {
    "asyncio", "concurrent", "http", "multiprocessing", "os", "pathlib", "select", "selectors", "shutil", "signal", "smtplib",
    "socket", "socketserver", "sqlite3", "ssl", "subprocess", "tempfile", "threading", "urllib.request",
}  # fmt: skip
DATABASES = {"alembic", "psycopg", "sqlalchemy", "sqlite3"}
SQL = re.compile(
    r"\b(?:SELECT\b.+\bFROM|INSERT\s+INTO|UPDATE\s+\w+\s+SET|DELETE\s+FROM|(?:CREATE|DROP|ALTER)\s+(?:TABLE|INDEX)|PRAGMA\s)",
    re.DOTALL,
)


def is_in(module: Module, rooms: tuple[str, ...]) -> bool:
    return any(module.name == room or module.name.startswith(f"{room}.") for room in rooms)


def top(name: str) -> str:
    return name.partition(".")[0]


def strings(module: Module) -> list[str]:
    """Every string written in the module's code, docstrings left out."""
    docstrings = {id(node.value) for node in ast.walk(module.tree) if isinstance(node, ast.Expr)}
    constants = (node for node in ast.walk(module.tree) if isinstance(node, ast.Constant) and id(node) not in docstrings)
    return [node.value for node in constants if isinstance(node.value, str)]


def reveals(module: Module) -> bool:
    uses = any(isinstance(node, ast.Attribute) and node.attr == "reveal" for node in ast.walk(module.tree))
    return uses or "reveal" in strings(module) or any(node.name == "reveal" for node in module.functions())


def test_real_addresses_are_revealed_in_the_named_modules_and_nowhere_else() -> None:
    assert sorted(module.name for module in product() if reveals(module)) == sorted(REVEALING)


@pytest.mark.parametrize("module", [module for module in product() if is_in(module, STANDARD_LIBRARY_ONLY)], ids=str)
def test_the_nouns_the_rules_and_the_ports_need_the_standard_library_alone(module: Module) -> None:
    assert {top(name) for name in module.imports()} <= sys.stdlib_module_names | {"postern"}


@pytest.mark.parametrize("module", [module for module in product() if is_in(module, PURE)], ids=str)
def test_the_middle_is_pure(module: Module) -> None:
    """It opens no file, no socket and no thread, and nothing in it waits."""
    imported = set(module.imports())
    assert not {name for name in imported if name in SPEAKS_TO_THE_WORLD or top(name) in SPEAKS_TO_THE_WORLD}
    assert not [node.lineno for node in ast.walk(module.tree) if isinstance(node, ast.AsyncFunctionDef | ast.Await)]


@pytest.mark.parametrize("module", [module for module in product() if not is_in(module, ("postern.storage",))], ids=str)
def test_sql_is_written_in_storage_alone(module: Module) -> None:
    assert not {name for name in module.imports() if top(name) in DATABASES}
    assert not [text for text in strings(module) if SQL.search(text)]


@pytest.mark.parametrize("module", [module for module in product() if module.name != "postern.demo"], ids=str)
def test_mails_are_never_read_or_written_by_the_standard_library(module: Module) -> None:
    """Its parser recurses and raises on real mails; it is a second opinion in the tests. The demo plays two mail programs."""
    assert "email" not in {top(name) for name in module.imports()}


@pytest.mark.parametrize("module", product(), ids=str)
def test_imports_are_written_out_in_full(module: Module) -> None:
    assert not [name for name in module.imports() if name.startswith(".")]
