import ast
from dataclasses import fields

import pytest

from postern.model.limits import Limits
from tests.architecture.source import Module, carrying_tests


def limits_met(module: Module) -> set[str]:
    """The limits a test module sets or reads: ``Limits(parts=3)``, ``replace(limits, parts=3)``, ``limits.parts``."""
    met: set[str] = set()
    for node in ast.walk(module.tree):
        if isinstance(node, ast.Call) and _called(node) in {"Limits", "replace"}:
            met.update(keyword.arg for keyword in node.keywords if keyword.arg)
        elif isinstance(node, ast.Attribute) and _spelled(node.value).lower().endswith(("limits", "limits()")):
            met.add(node.attr)
    return met


def _called(node: ast.Call) -> str:
    return _spelled(node.func).rpartition(".")[2]


def _spelled(node: ast.expr) -> str:
    return ast.unparse(node)


@pytest.mark.parametrize("name", [field.name for field in fields(Limits)])
def test_every_named_maximum_is_met_by_a_test(name: str) -> None:
    assert [str(module) for module in carrying_tests() if name in limits_met(module)]
