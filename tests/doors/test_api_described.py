"""Somebody else's program calls the API with whatever its description allows, and with what it does not: no 5xx, and no answer
that the description does not know. HYPOTHESIS_PROFILE=thorough searches long.
"""

import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.core.result import Ok
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    missing_required_header,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
    unsupported_method,
)

from postern.api.app import ROOT
from postern.api.openapi import write_description
from postern.api.routes import ENDPOINTS
from postern.model.identifier import show
from postern.model.limits import Limits
from tests.callers import Caller, key_for, open_api
from tests.people import ORDER, Town
from tests.people import town as found_town
from tests.told import column

CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_headers_conformance,
    response_schema_conformance,
    negative_data_rejection,
    missing_required_header,
    unsupported_method,
]
EXAMPLES = 300 if os.environ.get("HYPOTHESIS_PROFILE") == "thorough" else 4
HOLDERS = (None, "acme", "bolt")  # the operator, the seller of what there is, and another
SCHEMA = schemathesis.openapi.from_dict(write_description(ENDPOINTS, ROOT))
OPERATIONS = {one.ok().label: one.ok() for one in SCHEMA.get_all_operations() if isinstance(one, Ok)}


@schemathesis.serializer("application/jsonl")
def spell_lines(_context: schemathesis.SerializationContext, value: object) -> bytes:
    """Lines are sent as they were made."""
    return value.encode("utf-8", "surrogatepass") if isinstance(value, str) else json.dumps(value).encode()


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Town, list[Caller], dict[str, str]]]:
    """A town in which something happened, each holder's program, and the names of what is there."""
    folder: Path = tmp_path_factory.mktemp("described")
    limits = Limits(api_calls=1_000_000)
    with found_town(f"sqlite:///{folder / 'postern.db'}", folder, limits) as town, open_api(town) as visitor:
        town.receive(town.from_ann())
        names = {
            "marketplace": "de",
            "buyer": "ann",
            "order": ORDER,
            "seller": "acme",
            "number": "0",
            "code": "not_found",
            "message": show("msg", column(town, "message", "id")[0]),  # type: ignore[arg-type]
            "thread": show("thr", column(town, "thread", "id")[0]),  # type: ignore[arg-type]
        }
        yield town, [Caller(visitor, key_for(town, holder)) for holder in HOLDERS], names


TRIED = [
    *((label, GenerationMode.POSITIVE) for label in sorted(OPERATIONS)),
    *((f"{one.method} {one.path}", GenerationMode.NEGATIVE) for one in ENDPOINTS if one.scope),  # the others ask for nothing
]


@pytest.mark.parametrize("label, mode", TRIED, ids=[f"{label} {mode.value}" for label, mode in TRIED])
def test_whatever_is_sent_is_answered_as_described(
    served: tuple[Town, list[Caller], dict[str, str]], label: str, mode: GenerationMode
) -> None:
    _, callers, names = served
    operation = OPERATIONS[label]

    @settings(max_examples=EXAMPLES, suppress_health_check=list(HealthCheck))
    @given(chosen=st.data())
    def call(chosen: st.DataObject) -> None:
        case: Any = chosen.draw(operation.as_strategy(generation_mode=mode))
        if chosen.draw(st.booleans()) and label != "DELETE /marketplaces/{marketplace}/buyers/{buyer}":
            case.path_parameters = {name: names.get(name, value) for name, value in (case.path_parameters or {}).items()}
        caller = chosen.draw(st.sampled_from(callers))
        url = f"http://127.0.0.1:{caller.visitor.port}{ROOT}"
        response = case.call(base_url=url, headers={"Authorization": f"Bearer {caller.secret}"}, timeout=20)
        case.validate_response(response, checks=CHECKS)

    call()


def test_every_call_is_tried() -> None:
    assert set(OPERATIONS) == {f"{one.method} {one.path}" for one in ENDPOINTS}
