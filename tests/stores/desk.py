"""Values to store, made around one store."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from civicloop.core.model.case import Case, Entry, Evidence, OrderState, Reason, Track, TrackState, WorkOrder, case_id
from civicloop.core.model.chain import Rules, Severity, Step, TrackRule
from civicloop.core.model.limit import hours, minutes
from civicloop.core.model.notice import Notice, NoticeKind
from civicloop.core.stores.base import EventRow, EventState, Memo, Quarantined, Writes
from civicloop.core.stores.sqlite import SqliteStore

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)
RULES = Rules(
    "bins.full",
    (
        TrackRule(
            "main",
            (
                Step("empty", "cleaner", minutes(10), hours(1)),
                Step("supervise", "ops_center", minutes(30)),
            ),
        ),
    ),
)


@dataclass
class Desk:
    """Makes values around one store, and puts them in."""

    store: SqliteStore

    def at(self, minute: float) -> datetime:
        return NOON + timedelta(minutes=minute)

    def event(self, id: str, source: str = "/gw", minute: float = 0, **changes: object) -> EventRow:
        row = EventRow(
            id=id,
            source=source,
            partition="c1",
            type="waste.bin.level",
            subject="B7",
            at=self.at(minute),
            received_at=self.at(minute),
            place="e1",
            state=EventState.ACCEPTED,
            digest=id.encode()[:8],
            body=b'{"id":"x"}',
        )
        return row._replace(**changes)  # type: ignore[arg-type]  # a test names the fields it means

    def quarantined(self, id: str, scenario: str = "bins.full", minute: float = 0) -> Quarantined:
        return Quarantined(id, "/gw", scenario, self.at(minute), "raised", "bins.full raised ValueError", "Traceback")

    def memo(self, key: str, wake: float | None = None, *, scenario: str = "bins.full") -> Memo:
        expects = () if wake is None else (("quiet", self.at(wake)),)
        wake_at = None if wake is None else self.at(wake)
        return Memo(scenario, key, "c1", "e1", NOON, b'{"seen":1}', expects, wake_at)

    def case(self, key: str, minute: float = 0, round: int = 1, due: float = 10, **changes: object) -> Case:
        opened, until = self.at(minute), self.at(minute + due)
        order = WorkOrder(1, "empty", "cleaner", "clean-co", opened, until, self.at(minute + 60))
        track = Track("main", True, TrackState.WORKING, 0, opened, until, self.at(minute + 60), (order,))
        case = Case(
            id=case_id("s1", "bins.full", key, round),
            scenario="bins.full",
            key=key,
            round=round,
            severity=Severity.P2,
            place="e1",
            partition="c1",
            message="bin_full",
            variables={"percent": 95, "who": "桶"},
            rules=RULES,
            opened_at=opened,
            newest=opened,
            tracks=(track,),
            evidence=(Evidence("found", opened, "/gw e1"),),
            entries=1,
        )
        return case._replace(**changes)  # type: ignore[arg-type]  # a test names the fields it means

    def closed(self, case: Case, minute: float = 5) -> Case:
        tracks = tuple(track._replace(state=TrackState.CLOSED, due=None, step_due=None) for track in case.tracks)
        return case._replace(tracks=tracks, closed_at=self.at(minute), result="done")

    def accepted(self, case: Case) -> Case:
        (track,) = case.tracks
        order = track.orders[0]._replace(state=OrderState.ACCEPTED, by="p1")
        return case.with_track(track._replace(orders=(order,)))

    def entry(self, case: Case, seq: int, minute: float = 0, reason: Reason = Reason.OPENED) -> Entry:
        at, due = self.at(minute), self.at(minute + 10) if seq % 2 else None
        return Entry(seq, at, case.id, case.ref, "main", reason, "empty", "micro", "cleaner", due, "clock", "/gw e1")

    def notice(self, key: str, minute: float = 0, severity: Severity = Severity.P2, case: str = "") -> Notice:
        return Notice(
            key=key,
            kind=NoticeKind.ASK,
            case=case,
            ref="bins.full/B7",
            at=self.at(minute),
            severity=severity,
            party="cleaner",
            organisation="clean-co",
            place="e1",
            step="empty",
            message="bin_full",
            variables={"percent": 95.5},
            order="x.1",
            due=self.at(minute + 10),
            reason="opened",
            channels=("hook", "file"),
        )

    def was_away(self, silent_from: datetime, silent_until: datetime) -> None:
        """Commit one turn that books an outage, and nothing else."""
        with self.store.turn() as turn:
            turn.shift_watchdogs(silent_from, silent_until)
            turn.commit(Writes(silent_until))

    def put(self, minute: float = 0, **lists: object) -> None:
        """Commit one turn that writes these lists of ``Writes``."""
        with self.store.turn() as turn:
            turn.commit(Writes(self.at(minute), **lists))  # type: ignore[arg-type]  # checked by the test that calls
