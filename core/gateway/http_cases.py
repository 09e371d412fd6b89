"""The doors for people: reading cases, and answering them."""

from __future__ import annotations

import uuid
from typing import Final
from urllib.parse import unquote

import orjson
from aiohttp import web

from ..engine.answering import PREFIX
from ..model.case import Stage
from ..model.given import Verb
from ..model.street import Street
from ..stores.base import CaseQuery
from .cloudevents import read_event
from .http_answers import json_response, problem
from .http_events import single
from .office import OFFICE
from .tokens import Scope
from .views import Viewer

PAGE_MAX: Final = 200


async def list_cases(request: web.Request) -> web.Response:
    """A page of cases, newest first; filters: place (subtree), scenario, stage, party, overdue, open; cursor."""
    office = request.app[OFFICE]
    bearer = office.bearer(request, Scope.READ)
    now = office.clock.now()
    query = request.query
    unknown = set(query) - {"place", "scenario", "stage", "party", "overdue", "open", "cursor", "limit"}
    if unknown:
        return problem(400, "bad_query", f"there is no filter {', '.join(sorted(unknown))}")
    stage = query.get("stage")
    if stage is not None and stage not in list(Stage):
        return problem(400, "bad_query", f"{stage!r} is not a stage; the stages are {', '.join(Stage)}")
    if query.get("place") and query["place"] not in office.setup.street.directory.places:
        return problem(400, "bad_query", f"there is no place {query['place']!r} in places.csv")
    limit = query.get("limit", "50")
    if not limit.isdigit() or not 1 <= int(limit) <= PAGE_MAX:
        return problem(400, "bad_query", f"limit is a number from 1 to {PAGE_MAX}, not {limit!r}")
    for name in ("overdue", "open"):
        if query.get(name, "true") not in ("true", "false"):
            return problem(400, "bad_query", f"{name} is true or false, not {query[name]!r}")
    is_open = {"true": True, "false": False, None: None}[query.get("open")]
    places = frozenset(_bound(office.setup.street, query.get("place"), bearer.place))
    try:
        cases, following = office.store.find_cases(
            CaseQuery(
                places=places or None,
                scenario=query.get("scenario"),
                stage=stage,
                party=query.get("party"),
                overdue_at=now if query.get("overdue") == "true" else None,
                is_open=is_open,
                after=query.get("cursor"),
                most=int(limit),
            )
        )
    except ValueError as error:
        return problem(400, "bad_query", f"cursor: {error}")
    viewer = Viewer(office.setup, now, bearer.is_admin)
    page = [viewer.case(case).model_dump(mode="json", exclude={"journal"}) for case in cases]
    return json_response({"cases": page, "next": following})


def _bound(street: Street, wanted: str | None, allowed: str) -> set[str]:
    """The codes of the subtree that was asked for, within the one the token is bound to; empty for no bound."""
    codes = set(street.directory.subtree(wanted)) if wanted else set()
    if not allowed:
        return codes
    mine = set(street.directory.subtree(allowed))
    return (codes & mine if codes else mine) or {""}


async def get_case(request: web.Request) -> web.Response:
    """One case with its tracks, evidence and journal."""
    office = request.app[OFFICE]
    bearer = office.bearer(request, Scope.READ)
    parts = _parts(request)
    if len(parts) > 2:
        return problem(404, "no_such_case", "a case is named /cases/ID or /cases/SCENARIO/KEY, KEY percent-encoded")
    ref = "/".join(parts)
    case = office.case(ref)
    directory = office.setup.street.directory
    if case is None or (bearer.place and not directory.inside(case.place, bearer.place)):
        return problem(404, "no_such_case", f"no case {ref!r} is known")
    if bearer.is_admin:
        office.record(bearer, f"case {case.id}", request.query.get("purpose", "read by admin"))
    viewer = Viewer(office.setup, office.clock.now(), bearer.is_admin)
    return json_response(viewer.case(case, office.store.journal(case.id)).model_dump(mode="json"))


async def post_answer(request: web.Request) -> web.Response:
    """Answer a case: ``POST /cases/{ref}/{verb}`` with the answer's data as JSON.

    ``Idempotency-Key`` names the answer; the same key again changes nothing.
    """
    office = request.app[OFFICE]
    bearer = office.bearer(request, Scope.ANSWER)
    *parts, verb = _parts(request)
    if not 1 <= len(parts) <= 2 or verb not in list(Verb):
        return problem(404, "no_such_verb", f"an answer goes to /cases/REF/VERB; the verbs are {', '.join(Verb)}")
    try:
        data = orjson.loads(await request.read() or b"{}")
    except orjson.JSONDecodeError as error:
        return problem(400, "bad_json", f"the body is not JSON: {error}")
    if not isinstance(data, dict):
        return problem(400, "bad_json", "the body is a JSON object, such as {\"party\": \"property_company\"}")
    envelope = read_event(
        {
            "specversion": "1.0",
            "id": request.headers.get("Idempotency-Key") or str(uuid.uuid4()),
            "source": f"/cases/answers/{bearer.name}",
            "type": f"{PREFIX}{verb}",
            "subject": "/".join(parts),
            "data": data,
        }
    )
    receipt = (await office.take(bearer, [envelope]))[0]
    return single(envelope, receipt)


def _parts(request: web.Request) -> list[str]:
    """The segments after ``/cases/``, each decoded by itself, so that a key may hold a slash as ``%2F``."""
    raw = request.rel_url.raw_path.removeprefix("/cases/")
    return [unquote(part) for part in raw.split("/")]
