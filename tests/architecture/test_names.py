import ast
import re
from collections.abc import Iterator

import pytest

from tests.architecture.source import Module, product

SAYS_NOTHING = {"utils", "helpers", "common", "base", "manager", "handler", "service", "processor", "data", "info", "obj"}
SAYS_NOTHING |= {name.removesuffix("s") for name in SAYS_NOTHING} | {f"{name}s" for name in SAYS_NOTHING}
FIXED_ELSEWHERE = {
    ("postern.model.team", "MANAGER"),  # a role, as sellers say it
    ("postern.settings", "service"),  # [service] is a section of postern.toml
    ("postern.model.order", "service"),  # a field of the import: whether the item is a service
    ("postern.api.records", "service"),  # the same
    ("postern.model.contact_reason", "SERVICE"),  # the same, as a kind of item
    # what expat calls the functions it is given
    ("postern.mail.files.xml_rewriting", "StartDoctypeDeclHandler"),
    ("postern.mail.files.xml_rewriting", "StartElementHandler"),
    ("postern.mail.files.xml_rewriting", "StartNamespaceDeclHandler"),
}
SMTP_VERB = "data"  # RFC 5321 4.1.1.4: the door for mail speaks its language


def bound_names(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Every name that a module gives: to functions, classes, arguments, variables, attributes and what it imports."""
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.ClassDef():
                yield node.lineno, node.name
            case ast.arg():
                yield node.lineno, node.arg
            case ast.Name(ctx=ast.Store()):
                yield node.lineno, node.id
            case ast.Attribute(ctx=ast.Store()):
                yield node.lineno, node.attr
            case ast.alias(asname=str(given)):
                yield node.lineno, given


def says_nothing(name: str) -> bool:
    """A whole name from the list, or a class whose last word is: ``data``, ``_info``, ``MailHandler``."""
    last_word = re.split(r"(?<=[a-z0-9])(?=[A-Z])", name)[-1] if name[:1].isupper() else name
    return last_word.strip("_").lower() in SAYS_NOTHING


@pytest.mark.parametrize("module", product(), ids=str)
def test_every_name_says_something(module: Module) -> None:
    empty = {(line, name) for line, name in bound_names(module.tree) if says_nothing(name)}
    if module.name.startswith("postern.smtp"):
        empty = {(line, name) for line, name in empty if name.strip("_").lower() != SMTP_VERB}
    assert not {(line, name) for line, name in empty if (module.name, name) not in FIXED_ELSEWHERE}


@pytest.mark.parametrize("module", product(), ids=str)
def test_no_module_or_folder_has_a_name_that_says_nothing(module: Module) -> None:
    assert not {part for part in module.name.split(".") if says_nothing(part)}


@pytest.mark.parametrize("name", ["data", "_info", "MailHandler", "Service", "helper", "utils"])
def test_a_name_that_says_nothing_is_found(name: str) -> None:
    assert says_nothing(name)


@pytest.mark.parametrize("name", ["data_dir", "customer_service_address", "information", "Database"])
def test_a_word_inside_a_name_may_say_what_it_likes(name: str) -> None:
    assert not says_nothing(name)
