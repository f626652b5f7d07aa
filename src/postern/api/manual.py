"""The description of the API as it is served: for programs, for people, and a page for each problem.

The pages fetch nothing and run nothing. What is shown of a code is ours or nothing: an unknown code is not found.
"""

import base64
import hashlib
import json
from functools import cache
from importlib.resources import files

from jinja2 import Environment, PackageLoader, StrictUndefined

from postern.api.call import Call
from postern.api.endpoint import ROOT, Answer
from postern.api.openapi import write_description
from postern.api.problems import NOT_FOUND, RefusedError, find_explained

_HTML = "text/html; charset=utf-8"
_STYLE = (files("postern.api") / "templates" / "manual.css").read_text(encoding="utf-8")
_STYLE_HASH = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
CSP = f"default-src 'none'; style-src 'sha256-{_STYLE_HASH}'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'"

_TEMPLATES = Environment(
    loader=PackageLoader("postern.api"), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)


def describe(call: Call) -> Answer:
    """The OpenAPI document."""
    return Answer(json.dumps(_description(f"{call.office.frame.public_url}{ROOT}")).encode())


def show_manual(call: Call) -> Answer:
    """The same to read."""
    description = _description(f"{call.office.frame.public_url}{ROOT}")
    return _page("manual.html", description=description)


def show_problem(call: Call) -> Answer:
    """What a problem means: where ``type`` leads."""
    found = find_explained(call.names["code"])
    if found is None:
        raise RefusedError(NOT_FOUND)
    return _page("problem.html", code=call.names["code"], sentence=found[0], remedy=found[1])


@cache
def _description(root: str) -> dict[str, object]:
    from postern.api.routes import ENDPOINTS  # noqa: PLC0415 - the routes name this module's functions

    return write_description(ENDPOINTS, root)


def _page(template: str, **fields: object) -> Answer:
    text = _TEMPLATES.get_template(template).render(style=_STYLE, **fields)
    return Answer(text.encode("utf-8", "replace"), media_type=_HTML)
