"""The OpenAPI document, generated from the models that the handlers use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, Final

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from ..engine.answering import AnswerData
from ..model.case import Stage
from ..model.given import Verb
from ..stores.base import EventState
from .cloudevents import ATTRIBUTE_BYTES_MAX
from .cloudevents_http import BATCH_TYPE, STRUCTURED_TYPE
from .grammar import BASE64, ENVELOPE, MEDIA_TYPE, TEXT, TIME, URI, URI_REFERENCE
from .http_cases import FILTERS, PAGE, PAGE_MAX
from .problems import MEDIA_TYPE as PROBLEM
from .views import CasePage, CaseView, ReceiptPage, ReceiptView

Json = dict[str, Any]

Text = Annotated[str, Field(min_length=1, max_length=ATTRIBUTE_BYTES_MAX, pattern=TEXT)]
Reference = Annotated[str, Field(min_length=1, max_length=ATTRIBUTE_BYTES_MAX, pattern=URI_REFERENCE)]
Absolute = Annotated[str, Field(max_length=ATTRIBUTE_BYTES_MAX, pattern=URI)]
MediaType = Annotated[str, Field(max_length=ATTRIBUTE_BYTES_MAX, pattern=MEDIA_TYPE)]
Time = Annotated[str, Field(max_length=ATTRIBUTE_BYTES_MAX, pattern=TIME, json_schema_extra={"format": "date-time"})]
Base64 = Annotated[str, Field(pattern=BASE64, json_schema_extra={"contentEncoding": "base64"})]


class CloudEvent(BaseModel):
    """A CloudEvent 1.0 in the JSON format; further attributes are extensions. One that is null is not set."""

    model_config = ConfigDict(extra="allow", json_schema_extra=ENVELOPE)
    specversion: str = Field(pattern=r"^1\.0$")
    id: Text
    source: Reference
    type: Text
    subject: Text | None = None
    time: Time | None = None
    place: Text | None = Field(None, description="the place code, when the sender knows it")
    sequence: Text | None = Field(None, description="order among equal times")
    received: Time | None = Field(None, description="when it was delivered")
    datacontenttype: MediaType | None = None
    dataschema: Absolute | None = None
    data: Any = None
    data_base64: Base64 | None = None


class ProblemDocument(BaseModel):
    """RFC 9457."""

    model_config = ConfigDict(extra="allow")
    type: str
    title: str
    status: int
    code: str
    detail: str | None = None


class StatusView(BaseModel):
    """How the daemon is."""

    status: str


class ReadyView(StatusView):
    """That it takes events, and what else it cannot do now."""

    warnings: list[str] = Field(description="one sentence each, with what helps; none of it keeps events out")


MODELS: Final = (
    CloudEvent,
    ReceiptView,
    ReceiptPage,
    CaseView,
    CasePage,
    AnswerData,
    ProblemDocument,
    StatusView,
    ReadyView,
)

KEY: Final = {"type": "string", "maxLength": ATTRIBUTE_BYTES_MAX, "pattern": "^[ -~]*$"}
"""The name of an answer. UTF-8 is understood as well, which HTTP has no way to promise."""

DATA_HIDDEN: Final = "personal data is masked unless the token is an admin's, whose reading is recorded"
PURPOSE: Final = "why an admin reads this; it is recorded"


def document(version: str) -> Json:
    """The whole API as an OpenAPI 3.1 document."""
    _, schemas = models_json_schema(
        [(model, "serialization") for model in MODELS], ref_template="#/components/schemas/{model}"
    )
    return {
        "openapi": "3.1.0",
        "info": {"title": "civicloop", "version": version},
        "paths": {
            "/events": {"post": _post_events(), "get": _get_event()},
            "/cases": {"get": _list_cases()},
            "/cases/{ref}": {"get": _case([_path("ref")])},
            "/cases/{scenario}/{key}": {"get": _case([_path("scenario"), _path("key")])},
            "/cases/{ref}/{verb}": {"post": _answer([_path("ref"), _verb()])},
            "/cases/{scenario}/{key}/{verb}": {"post": _answer([_path("scenario"), _path("key"), _verb()])},
            "/healthz": {"get": _operation("Whether the process is alive", {200: "StatusView"})},
            "/readyz": {"get": _readyz()},
            "/metrics": {"get": _plain("Numbers for Prometheus", "text/plain")},
            "/openapi.json": {"get": _plain("This document", "application/json")},
        },
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
    }


def _operation(
    summary: str, answers: Mapping[int, str | Json], parameters: Sequence[Json] = (), body: Json | None = None
) -> Json:
    responses: Json = {
        str(status): answer if isinstance(answer, dict) else _response(_ref(answer))
        for status, answer in answers.items()
    }
    responses["4XX"] = _problem()
    operation = {"summary": summary, "parameters": list(parameters), "responses": responses}
    return operation if body is None else {**operation, "requestBody": {"required": True, "content": body}}


def _response(schema: Json, media_type: str = "application/json", headers: Json | None = None) -> Json:
    words = schema.get("$ref", "see the summary").rpartition("/")[2]
    told = {"headers": headers} if headers else {}
    return {"description": words, "content": {media_type: {"schema": schema}}, **told}


def _problem(headers: Json | None = None) -> Json:
    return _response(_ref("ProblemDocument"), PROBLEM, headers)


def _later() -> Json:
    """A refusal of what may be sent again, unchanged, after a while."""
    seconds = {"required": True, "description": "seconds", "schema": {"type": "integer", "minimum": 1}}
    return _problem({"Retry-After": seconds})


def _plain(summary: str, media_type: str) -> Json:
    schema = {"type": "object"} if media_type == "application/json" else {"type": "string"}
    return {"summary": summary, "responses": {"200": _response(schema, media_type)}}


def _ref(model: str) -> Json:
    return {"$ref": f"#/components/schemas/{model}"}


def _path(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string", "pattern": TEXT}}


def _query(name: str, schema: Json | None = None, required: bool = False, description: str = "") -> Json:
    told = {"description": description} if description else {}
    return {"name": name, "in": "query", "required": required, "schema": schema or {"type": "string"}, **told}


def _verb() -> Json:
    return {"name": "verb", "in": "path", "required": True, "schema": {"enum": [verb.value for verb in Verb]}}


def _readyz() -> Json:
    return _operation("Whether it can take events", {200: "ReadyView", 503: _later()})


def _post_events() -> Json:
    body = {
        STRUCTURED_TYPE: {"schema": _ref("CloudEvent")},
        BATCH_TYPE: {"schema": {"type": "array", "items": _ref("CloudEvent")}},
        "*/*": {"schema": {}},
    }
    taken = _response({"anyOf": [_ref("ReceiptView"), _ref("ReceiptPage")]})
    summary = "Take in events and answers, structured, batched, or binary (ce- headers); answered once durable"
    answers: dict[int, str | Json] = {200: "ReceiptView", 202: taken, 429: _later()}
    return _operation(summary, answers, body=body)


def _get_event() -> Json:
    name = {"type": "string", "minLength": 1}
    parameters = [
        _query("source", name, required=True),
        _query("id", name, required=True),
        _query("purpose", description=PURPOSE),
    ]
    state = {"required": True, "schema": {"enum": [state.value for state in EventState]}}
    found = _response(_ref("CloudEvent"), STRUCTURED_TYPE, {"X-Civicloop-State": state})
    return _operation(f"Read one stored event; {DATA_HIDDEN}", {200: found, 503: _later()}, parameters)


def _list_cases() -> Json:
    flag = {"type": "boolean"}
    schemas: dict[str, Json] = {
        "stage": {"enum": [stage.value for stage in Stage]},
        "overdue": flag,
        "open": flag,
        "cursor": {"type": "string", "pattern": r"^-?[0-9]{1,19}\..*$"},
        "limit": {"type": "integer", "minimum": 1, "maximum": PAGE_MAX, "default": PAGE},
    }
    parameters = [_query(name, schemas.get(name), description=PURPOSE if name == "purpose" else "") for name in FILTERS]
    return _operation(f"A page of cases, newest first; {DATA_HIDDEN}", {200: "CasePage", 503: _later()}, parameters)


def _case(parameters: list[Json]) -> Json:
    parameters = [*parameters, _query("purpose", description=PURPOSE)]
    return _operation(f"Read one case; {DATA_HIDDEN}", {200: "CaseView", 503: _later()}, parameters)


def _answer(parameters: list[Json]) -> Json:
    key = {"name": "Idempotency-Key", "in": "header", "required": False, "schema": KEY}
    body = {"application/json": {"schema": _ref("AnswerData")}}
    answers: dict[int, str | Json] = {
        200: "ReceiptView",
        202: "ReceiptView",
        409: _problem(),
        429: _later(),
    }
    return _operation("Answer a case", answers, [*parameters, key], body)
