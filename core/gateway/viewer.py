"""Cases and events as one reader may see them: personal data is masked unless the reader may see it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import orjson
from pydantic import BaseModel

from ..engine.answering import PREFIX, AnswerData
from ..engine.setup import Setup
from ..loop.checks import missing_to_close
from ..loop.forecast import Forecast, Moment
from ..loop.ledger import totals
from ..model.case import Appeal, Case, Entry, Request, Track, WorkOrder
from ..model.event import Privacy
from ..model.privacy import mask_name
from .dossier import Dossier
from .story import Teller
from .views import (
    ALONE,
    AppealView,
    CaseView,
    EntryView,
    EvidenceView,
    ForecastView,
    ForeseenView,
    HeldView,
    LineView,
    LinkView,
    MomentView,
    OrderView,
    RequestView,
    TrackView,
)


class Viewer:
    """Makes views for one reader: ``sees_all`` is whether personal data is shown to them unmasked."""

    def __init__(self, setup: Setup, now: datetime, sees_all: bool) -> None:
        self._setup = setup
        self.now = now
        self._sees_all = sees_all

    def page(self, cases: Iterable[Case], following: str | None) -> dict[str, Any]:
        """A page of cases as JSON, without what is read of each by itself."""
        shown = [self.case(case).model_dump(mode="json", exclude=set(ALONE)) for case in cases]
        return {"cases": shown, "next": following}

    def dossier(self, dossier: Dossier, teller: Teller) -> CaseView:
        """A case with all that belongs to it."""
        case = dossier.case
        held = totals(dossier.booked)
        return self.case(case).model_copy(
            update={
                "earlier": [self._link(one) for one in dossier.earlier],
                "children": [self._link(one) for one in dossier.children],
                "journal": [self.entry(entry) for entry in dossier.journal],
                "story": [
                    LineView(at=self._local(line.at), text=line.text)
                    for line in teller.tell(case, dossier.journal, dossier.said)
                ],
                "ledger": [
                    HeldView(party=party, holding=holding, seconds=span.total_seconds())
                    for (party, holding), span in held.items()
                ],
                "forecast": self.forecast(dossier.forecast, teller, teller.standing(case, self.now)),
            }
        )

    def forecast(self, seen: Forecast, teller: Teller, standing: list[str]) -> ForecastView:
        """What is foreseen, in words and as data."""
        return ForecastView(
            now=standing,
            moments=[self._moment(moment, teller) for moment in seen.moments],
            ending=seen.ending,
            text=teller.say(f"ends_{seen.ending}"),
        )

    def _moment(self, moment: Moment, teller: Teller) -> MomentView:
        entries = [
            ForeseenView(
                track=entry.track,
                reason=entry.reason,
                step=entry.step,
                party=entry.party,
                due=self._local_or_none(entry.due),
            )
            for entry in moment.entries
        ]
        text = teller.say("and").join(line.text for line in teller.tell(moment.case, moment.entries, {}))
        told = list(dict.fromkeys(notice.party for notice in moment.notices))
        return MomentView(at=self._local(moment.at), text=text, entries=entries, told=told)

    def case(self, case: Case) -> CaseView:
        """The case by itself, as a page of cases shows it."""
        return CaseView(
            id=case.id,
            ref=case.ref,
            scenario=case.scenario,
            key=case.key,
            round=case.round,
            parent=case.parent,
            previous=case.previous,
            recurrences=case.recurrences,
            supervised=case.supervised,
            appeal=self._appeal(case.appeal),
            severity=case.severity,
            stage=case.stage,
            result=case.result,
            place=case.place,
            message=case.message,
            variables=case.variables,
            sightings=case.sightings,
            opened_at=self._local(case.opened_at),
            closed_at=self._local_or_none(case.closed_at),
            due=self._local_or_none(case.due),
            join=case.rules.join,
            tracks=[self._track(case, track) for track in case.tracks],
            evidence=[EvidenceView(kind=one.kind, at=self._local(one.at), event=one.event) for one in case.evidence],
        )

    def entry(self, entry: Entry) -> EntryView:
        """One line of the journal."""
        fields = entry._asdict() | {"at": self._local(entry.at), "due": self._local_or_none(entry.due)}
        return EntryView(**fields)

    def event(self, type: str, body: bytes) -> dict[str, Any]:
        """A stored envelope; fields that its type marks as personal or sensitive are masked."""
        envelope: dict[str, Any] = orjson.loads(body)
        data = envelope.get("data")
        if self._sees_all or not isinstance(data, dict):
            return envelope
        marks = self._marks(type)
        envelope["data"] = {name: _masked(value, marks.get(name)) for name, value in data.items()}
        return envelope

    def _marks(self, type: str) -> Mapping[str, Privacy]:
        """The data members of an event type that are not for everybody, by their name in JSON."""
        if type.startswith(PREFIX):
            return ANSWER_MARKS
        listening = self._setup.registry.listening.get(type)
        return marks_of(listening.event) if listening else {}

    def _track(self, case: Case, track: Track) -> TrackView:
        return TrackView(
            name=track.name,
            required=track.required,
            state=track.state,
            step=case.step(track).name,
            loop=track.loop.name.lower(),
            due=self._local_or_none(track.due),
            remind_at=self._local_or_none(track.remind_at),
            result=track.result,
            rework=track.rework,
            returns=track.returns,
            is_arbitrated=track.is_arbitrated,
            extensions=track.extensions,
            suspensions=track.suspensions,
            request=self._request(track.request),
            missing_evidence=missing_to_close(case, track) if track.is_open else [],
            orders=[self._order(case, order) for order in track.orders],
        )

    def _order(self, case: Case, order: WorkOrder) -> OrderView:
        holder = self._setup.street.holder(order.party, case.place, self.now)
        people = list(holder.people) if holder else []
        return OrderView(
            id=case.order_id(order),
            party=order.party,
            organisation=order.organisation,
            people=people if self._sees_all else [mask_name(person) for person in people],
            asked_at=self._local(order.asked_at),
            accept_by=self._local_or_none(order.accept_by),
            finish_by=self._local_or_none(order.finish_by),
            state=order.state,
            duty=order.duty,
            is_late=order.is_late,
        )

    def _request(self, request: Request | None) -> RequestView | None:
        if request is None:
            return None
        until = self._local_or_none(request.until)
        return RequestView(verb=request.verb, party=request.party, asked_at=self._local(request.asked_at), until=until)

    def _appeal(self, appeal: Appeal | None) -> AppealView | None:
        if appeal is None:
            return None
        asked_at = self._local(appeal.asked_at)
        return AppealView(party=appeal.party, asked_at=asked_at, reviewer=appeal.reviewer, result=appeal.result)

    def _link(self, case: Case) -> LinkView:
        return LinkView(
            id=case.id,
            ref=case.ref,
            opened_at=self._local(case.opened_at),
            closed_at=self._local_or_none(case.closed_at),
            result=case.result,
        )

    def _local(self, at: datetime) -> datetime:
        return at.astimezone(self._setup.street.calendar.zone)

    def _local_or_none(self, at: datetime | None) -> datetime | None:
        return self._local(at) if at is not None else None


def marks_of(model: type[BaseModel]) -> Mapping[str, Privacy]:
    """Which members of a model's JSON are marked personal or sensitive."""
    return {
        alias: mark
        for name, field in model.model_fields.items()
        for alias in {name, field.alias or name}
        for mark in field.metadata
        if isinstance(mark, Privacy)
    }


ANSWER_MARKS: Final = marks_of(AnswerData)


def _masked(value: object, mark: Privacy | None) -> object:
    return value if mark is None or value is None else "***"
