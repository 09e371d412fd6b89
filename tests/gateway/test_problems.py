"""A refused request gets a problem document that any client of RFC 9457 reads."""

import json
from typing import Any

import pytest

from civicloop.core.gateway.problems import MEDIA_TYPE, Problem


def read(problem: Problem) -> Any:
    return json.loads(problem.body())


def test_a_problem_names_its_kind_its_status_and_this_occurrence() -> None:
    problem = Problem(
        status=409,
        code="stale_order",
        title="The work order is closed",
        detail="order 7 belongs to round 1",
        instance="/cases/a1/report",
        extra={"rule": "older_than_round"},
    )
    assert MEDIA_TYPE == "application/problem+json"
    assert read(problem) == {
        "type": "urn:civicloop:problem:stale_order",
        "title": "The work order is closed",
        "status": 409,
        "code": "stale_order",
        "detail": "order 7 belongs to round 1",
        "instance": "/cases/a1/report",
        "rule": "older_than_round",
    }


def test_what_is_not_said_is_left_out() -> None:
    assert set(read(Problem(status=404, code="no_case", title="No such case"))) == {
        "type",
        "title",
        "status",
        "code",
    }


def test_a_detail_may_quote_what_no_json_can_hold() -> None:
    problem = Problem(status=400, code="bad_value", title="垃圾 \ud800", detail="\udead", instance="/\ud800")
    assert read(problem)["title"] == "垃圾 \\ud800"
    assert read(problem)["detail"] == "\\udead"
    assert read(problem)["instance"] == "/\\ud800"


@pytest.mark.parametrize("status", [0, 200, 399, 600])
def test_a_status_that_is_no_problem_is_refused(status: int) -> None:
    with pytest.raises(ValueError, match="400 to 599"):
        Problem(status=status, code="bad_value", title="Bad")


@pytest.mark.parametrize("code", ["", "Bad", "bad-value", "bad value", "坏"])
def test_a_code_is_a_lower_snake_word(code: str) -> None:
    with pytest.raises(ValueError, match="lower_snake"):
        Problem(status=400, code=code, title="Bad")


@pytest.mark.parametrize("name", ["type", "title", "status", "detail", "instance", "code"])
def test_an_extra_member_never_hides_a_standard_one(name: str) -> None:
    with pytest.raises(ValueError, match=name):
        Problem(status=400, code="bad_value", title="Bad", extra={name: 1})


def test_an_extra_member_without_a_json_form_is_the_callers_fault() -> None:
    with pytest.raises(TypeError):
        Problem(status=400, code="bad_value", title="Bad", extra={"culprit": object()}).body()
