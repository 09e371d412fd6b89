"""The OpenAPI document, generated from the models that the handlers use."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.json_schema import models_json_schema

from ..engine.answering import AnswerData
from ..model.given import Verb
from .views import CasePage, CaseView, ReceiptPage, ReceiptView

Json = dict[str, Any]


class CloudEvent(BaseModel):
    """A CloudEvent 1.0 in the JSON format; further attributes are extensions."""

    model_config = ConfigDict(extra="allow")
    specversion: str = Field(pattern=r"^1\.0$")
    id: str = Field(min_length=1)
    source: str = Field(min_length=1)
    type: str = Field(min_length=1)
    subject: str | None = None
    time: str | None = None
    place: str | None = Field(None, description="the place code, when the sender knows it")
    data: Any = None


class ProblemDocument(BaseModel):
    """RFC 9457."""

    model_config = ConfigDict(extra="allow")
    type: str
    title: str
    status: int
    code: str
    detail: str | None = None


MODELS = (CloudEvent, ReceiptView, ReceiptPage, CaseView, CasePage, AnswerData, ProblemDocument)


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
            "/cases/{ref}": {"get": _operation("Read one case", {200: "CaseView"}, [_path("ref")])},
            "/cases/{scenario}/{key}": {
                "get": _operation("Read one case", {200: "CaseView"}, [_path("scenario"), _path("key")])
            },
            "/cases/{ref}/{verb}": {"post": _answer([_path("ref"), _verb()])},
            "/cases/{scenario}/{key}/{verb}": {"post": _answer([_path("scenario"), _path("key"), _verb()])},
            "/healthz": {"get": _operation("Whether the process is alive", {200: None})},
            "/readyz": {"get": _operation("Whether it can take events", {200: None, 503: None})},
            "/metrics": {"get": _operation("Numbers for Prometheus", {200: None})},
        },
        "components": {
            "schemas": schemas["$defs"],
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}, {}],
    }


def _operation(summary: str, answers: dict[int, str | None], parameters: list[Json] | None = None) -> Json:
    responses: Json = {str(status): _response(model) for status, model in answers.items()}
    responses["4XX"] = _response("ProblemDocument", "application/problem+json")
    return {"summary": summary, "parameters": parameters or [], "responses": responses}


def _response(model: str | None, media_type: str = "application/json") -> Json:
    if model is None:
        return {"description": "see the summary"}
    return {"description": model, "content": {media_type: {"schema": _ref(model)}}}


def _ref(model: str) -> Json:
    return {"$ref": f"#/components/schemas/{model}"}


def _path(name: str) -> Json:
    return {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}


def _query(name: str, schema: Json | None = None, required: bool = False) -> Json:
    return {"name": name, "in": "query", "required": required, "schema": schema or {"type": "string"}}


def _verb() -> Json:
    return {"name": "verb", "in": "path", "required": True, "schema": {"enum": [verb.value for verb in Verb]}}


def _post_events() -> Json:
    body = {
        "required": True,
        "content": {
            "application/cloudevents+json": {"schema": _ref("CloudEvent")},
            "application/cloudevents-batch+json": {"schema": {"type": "array", "items": _ref("CloudEvent")}},
        },
    }
    summary = "Take in events and answers, structured, binary (ce- headers) or batched; answered once durable"
    return {**_operation(summary, {200: "ReceiptView", 202: "ReceiptView"}), "requestBody": body}


def _get_event() -> Json:
    parameters = [_query("source", required=True), _query("id", required=True), _query("purpose")]
    return _operation("Read one stored event", {200: "CloudEvent"}, parameters)


def _list_cases() -> Json:
    flag = {"type": "boolean"}
    names = [_query(name) for name in ("place", "scenario", "stage", "party", "cursor")]
    flags = [_query("overdue", flag), _query("open", flag), _query("limit", {"type": "integer", "maximum": 200})]
    return _operation("A page of cases, newest first", {200: "CasePage"}, names + flags)


def _answer(parameters: list[Json]) -> Json:
    key = {"name": "Idempotency-Key", "in": "header", "required": False, "schema": {"type": "string"}}
    body = {"required": True, "content": {"application/json": {"schema": _ref("AnswerData")}}}
    return {**_operation("Answer a case", {200: "ReceiptView", 202: "ReceiptView"}, [*parameters, key]), "requestBody": body}
