import ast

import pytest

from tests.architecture.source import Module, product


@pytest.mark.parametrize("module", product(), ids=str)
def test_every_module_says_what_it_is_for(module: Module) -> None:
    docstring = ast.get_docstring(module.tree) or ""
    assert len(docstring.split()) >= 4
    assert docstring.rstrip().endswith((".", "?"))
