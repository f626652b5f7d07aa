import ast
from statistics import median

import pytest

from tests.architecture.source import Function, Module, product

LONGEST_FUNCTION = 70
MEDIAN_FUNCTION = 10
LONGEST_MODULE = 400
MIGRATIONS = "postern.storage.migrations.versions"  # each function is the ordered list of one version's tables
ORDERED_LISTS = (
    "postern.storage.schema",
    "postern.policy.reasons",
    "postern.web.routes",
    "postern.api.routes",
)  # one page each, however long


def length(function: Function) -> int:
    """Lines from ``def`` to the end, without the docstring: explaining is never too long."""
    first = function.body[0]
    docstring = first if isinstance(first, ast.Expr) and ast.get_docstring(function, clean=False) is not None else None
    explaining = (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1 if docstring else 0
    return (function.end_lineno or function.lineno) - function.lineno + 1 - explaining


def test_no_function_is_longer_than_seventy_lines() -> None:
    measured = [module for module in product() if not module.name.startswith(MIGRATIONS)]
    lengths = {f"{module}:{node.lineno} {node.name}": length(node) for module in measured for node in module.functions()}
    assert not {place: lines for place, lines in lengths.items() if lines > LONGEST_FUNCTION}


def test_half_of_all_functions_are_shorter_than_ten_lines() -> None:
    lengths = [length(node) for module in product() for node in module.functions()]
    assert median(lengths) < MEDIAN_FUNCTION


@pytest.mark.parametrize("module", product(), ids=str)
def test_no_module_is_longer_than_400_lines_but_the_ordered_lists(module: Module) -> None:
    if not module.name.startswith(ORDERED_LISTS):
        assert len(module.text.splitlines()) <= LONGEST_MODULE


def test_a_length_counts_the_code_and_not_the_docstring() -> None:
    source = 'def f() -> None:\n    """One\n    two."""\n    g()\n    h()\n'
    function = ast.parse(source).body[0]
    assert isinstance(function, ast.FunctionDef)
    assert length(function) == 3
