"""The doors for people: reading cases, and answering them."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, unquote

import orjson
from aiohttp import web

from ..engine.answering import PREFIX
from ..model.case import Stage
from ..model.given import Verb
from ..stores.base import CaseQuery
from .cloudevents import read_event
from .dossier import read_dossier
from .http_answers import Refusal, json_response
from .http_body import read_body
from .http_events import single
from .office import OFFICE, Office
from .story import Teller
from .tokens import Bearer, Scope

PAGE: Final = 50
PAGE_MAX: Final = 200
FILTERS: Final = ("place", "scenario", "stage", "party", "overdue", "open", "cursor", "limit", "purpose")


async def list_cases(request: web.Request) -> web.Response:
    """A page of cases, newest first; filters: place (subtree), scenario, stage, party, overdue, open; cursor."""
    office = request.app[OFFICE]
    bearer = office.bearer(request, Scope.READ)
    query = read_query(office, bearer, request.query)
    try:
        cases, following = office.store.find_cases(query)
    except ValueError as error:
        raise _bad_query(f"cursor {error}") from None
    viewer = office.viewer(request, bearer, f"cases {', '.join(case.id for case in cases)}")
    return json_response(viewer.page(cases, following))


def read_query(office: Office, bearer: Bearer, given: Mapping[str, str]) -> CaseQuery:
    """What the query string asks for, within the subtree of the token. Raises ``Refusal`` (400)."""
    if unknown := set(given) - set(FILTERS):
        raise _bad_query(f"there is no filter {', '.join(sorted(unknown))}; there are {', '.join(FILTERS)}")
    stage, place, limit = given.get("stage"), given.get("place"), given.get("limit", str(PAGE))
    if stage is not None and stage not in list(Stage):
        raise _bad_query(f"{stage!r} is not a stage; the stages are {', '.join(Stage)}")
    if place is not None and place not in office.setup.street.directory.places:
        raise _bad_query(f"there is no place {place!r} in places.csv")
    if not (limit.isascii() and limit.isdecimal() and len(limit) < 5 and 1 <= int(limit) <= PAGE_MAX):
        raise _bad_query(f"limit is a number from 1 to {PAGE_MAX}, not {limit!r}")
    return CaseQuery(
        places=_subtree(office, place, bearer.place),
        scenario=given.get("scenario"),
        stage=stage,
        party=given.get("party"),
        overdue_at=office.clock.now() if _flag(given, "overdue") else None,
        is_open=_flag(given, "open"),
        after=given.get("cursor"),
        most=int(limit),
    )


def _bad_query(detail: str) -> Refusal:
    return Refusal(400, "bad_query", detail)


def _flag(given: Mapping[str, str], name: str) -> bool | None:
    text = given.get(name)
    if text not in (None, "true", "false"):
        raise _bad_query(f"{name} is true or false, not {text!r}")
    return None if text is None else text == "true"


def _subtree(office: Office, wanted: str | None, allowed: str) -> frozenset[str] | None:
    """The codes of the subtree that was asked for, within the one the token is bound to; ``None`` for no bound."""
    directory = office.setup.street.directory
    bounds = [frozenset(directory.subtree(code)) for code in (wanted, allowed) if code]
    return frozenset.intersection(*bounds) if bounds else None


async def get_case(request: web.Request) -> web.Response:
    """One case with its tracks, evidence, journal, story, ledger and forecast."""
    office = request.app[OFFICE]
    bearer = office.bearer(request, Scope.READ)
    parts = _parts(request)
    if len(parts) > 2:
        raise Refusal(404, "no_such_case", "a case is /cases/ID or /cases/SCENARIO/KEY, the key percent-encoded")
    ref = "/".join(parts)
    case = office.case(bearer, ref)
    if case is None:
        raise Refusal(404, "no_such_case", f"no case {ref!r} is known; GET /cases lists them")
    viewer = office.viewer(request, bearer, f"case {case.id}")
    dossier = read_dossier(office.store, office.setup, case, viewer.now, viewer.event)
    earlier, children = (
        tuple(one for one in kin if office.covers(bearer, one.place)) for kin in (dossier.earlier, dossier.children)
    )
    dossier = dossier._replace(earlier=earlier, children=children)
    return json_response(viewer.dossier(dossier, Teller(office.setup, office.setup.language)).model_dump(mode="json"))


async def post_answer(request: web.Request) -> web.Response:
    """Answer a case: ``POST /cases/{ref}/{verb}`` with the answer's data as JSON.

    ``Idempotency-Key`` names the answer; the same key again changes nothing.
    """
    office = request.app[OFFICE]
    bearer = office.bearer(request, Scope.ANSWER)
    *parts, verb = _parts(request)
    if not 1 <= len(parts) <= 2 or verb not in list(Verb):
        raise Refusal(404, "no_such_verb", f"an answer goes to /cases/REF/VERB; the verbs are {', '.join(Verb)}")
    envelope = read_event(
        {
            "specversion": "1.0",
            "id": request.headers.get("Idempotency-Key") or str(uuid.uuid4()),
            "source": f"/cases/answers/{quote(bearer.name, safe='')}",
            "type": f"{PREFIX}{verb}",
            "subject": "/".join(parts),
            "data": await _answer_data(request, office.limits.body_seconds_max),
        }
    )
    return single(envelope, (await office.take(bearer, [envelope]))[0])


async def _answer_data(request: web.Request, seconds_max: float) -> dict[str, Any]:
    body = await read_body(request, seconds_max)
    try:
        data = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as error:
        raise Refusal(400, "bad_json", f"the body is not JSON: {error}; send one JSON text in UTF-8") from None
    if not isinstance(data, dict):
        raise Refusal(400, "bad_json", 'the body is no JSON object; send one such as {"party": "property_company"}')
    return data


def _parts(request: web.Request) -> list[str]:
    """The segments after ``/cases/``, each decoded by itself, so that a key may hold a slash as ``%2F``."""
    raw = request.rel_url.raw_path.removeprefix("/cases/")
    return [unquote(part) for part in raw.split("/")]
