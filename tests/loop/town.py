"""The small street in which the decision table and the laws are played: who is there, and how to speak to a case."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from civicloop.core.loop.decide import decide
from civicloop.core.loop.draft import Decision
from civicloop.core.model.case import Case, case_id
from civicloop.core.model.chain import Rules, Severity
from civicloop.core.model.finding import Finding
from civicloop.core.model.given import AllClear, Answer, Brought, Found, Given, Lapse, Verb
from civicloop.core.model.limit import Calendar
from civicloop.core.model.place import Directory, Level, Page, Party, Place
from civicloop.core.model.roster import Roster
from civicloop.core.model.street import Street

OPENING = datetime(2025, 9, 12, 1, tzinfo=UTC)  # a Friday, 09:00 in Shanghai

ORGANISATIONS = {
    "cleaner": "Clean & Sons",
    "hauler": "Haulage",
    "manager": "Estate Co",
    "property_company": "Estate Co",
    "secretary": "Committee",
    "family": "",
    "inspector": "Estate Co",
    "auditor": "Street",
    "reviewer": "Street",
    "ops_center": "Street",
    "urban_enforcement": "Enforcement",
}
"""Who holds which role; a manager, the property company and the inspector are one firm. Nobody is a ghost."""

ABOVE = {("S", "street_office"): "Street", ("D", "district_office"): "District", ("C1", "watchman"): "Estate Co"}
"""Parties of the street and of the district around it, who may press a case; and a seat that nobody is on duty in."""


STREET = Street(
    "S",
    Directory(
        "S",
        {
            "D": Place("D", "District", Level.DISTRICT),
            "S": Place("S", "Street", Level.STREET, "D"),
            "C1": Place("C1", "Committee", Level.COMMITTEE, "S"),
            "E1": Place("E1", "Estate", Level.ESTATE, "C1"),
            "E1.2": Place("E1.2", "Building", Level.BUILDING, "E1"),
        },
        {},
        {
            (place, role): Party(place, role, name, (), (Page("app"),))
            for (place, role), name in ({("C1", role): name for role, name in ORGANISATIONS.items()} | ABOVE).items()
        },
        roster={("C1", "watchman"): Roster(ZoneInfo("Asia/Shanghai"))},
    ),
    Calendar(ZoneInfo("Asia/Shanghai")),
)

CASE = case_id("S", "bins.full", "B7", 1)

Saying = Callable[[Rules, float], Given]
"""Something to give to a case, once its rules and the minute are known."""


def clock(minute: float) -> datetime:
    """The instant ``minute`` minutes after the opening."""
    return OPENING + timedelta(minutes=minute)


def minute(at: datetime | None) -> str:
    """An instant as minutes after the opening."""
    return "never" if at is None else f"{(at - OPENING) / timedelta(minutes=1):.10g}"


def found(
    severity: Severity | None = None,
    *,
    at: float | None = None,
    start: str | None = None,
    climb: bool = False,
    event: str = "seen",
) -> Saying:
    finding = Finding("bin_full", severity=severity, start=start, climb=climb, percent=95)
    return lambda rules, now: Found(
        rules.scenario, "B7", finding, rules, "E1", "C1", clock(now if at is None else at), event, start
    )


def cleared(*, at: float | None = None) -> Saying:
    return lambda _, now: AllClear(clock(now if at is None else at), "gone")


def lapse(due: float | None = None, track: str = "main") -> Saying:
    return lambda _, now: Lapse(track, clock(now if due is None else due))


def say(
    verb: str,
    party: str,
    result: str = "",
    *,
    order: str = "",
    track: str = "",
    reason: str = "",
    to: str = "",
    until: float | None = None,
    evidence: tuple[str | Brought, ...] = (),
    by: str = "",
    organisation: str = "",
    admin: bool = False,
    newer_open: bool = False,
    doubt: int = 0,
) -> Saying:
    """``order`` is the number within the case; anything longer is a full name."""
    answer = Answer(
        Verb(verb),
        party,
        "answer",
        organisation=organisation,
        track=track,
        order=f"{CASE}.{order}" if order.isdigit() else order,
        result=result,
        reason=reason,
        to=to,
        until=None if until is None else clock(until),
        evidence=tuple(Brought(one) if isinstance(one, str) else one for one in evidence),
        by=by,
        admin=admin,
        newer_open=newer_open,
        doubt=doubt,
    )
    return lambda _, __: answer


@dataclass
class Story:
    """A case as it stands, and all that has been decided on it."""

    rules: Rules
    case: Case | None = None
    decisions: tuple[Decision, ...] = ()

    def hear(self, now: float, saying: Saying, street: Street = STREET) -> Decision:
        decision = decide(self.case, saying(self.rules, now), clock(now), street)
        self.case = decision.case
        self.decisions += (decision,)
        return decision
