"""Random streets: who holds which role, for which firm, at which level, on which calendar; who is on duty when."""

from datetime import date, time, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from civicloop.core.model.chain import Severity
from civicloop.core.model.limit import SLOTS, Calendar, hours, minutes
from civicloop.core.model.place import Directory, Level, Page, Party, Place
from civicloop.core.model.roster import Roster, Shift
from civicloop.core.model.street import Street

from .random_rules import ROLES, one_in
from .town import OPENING

PLACES = {
    "D": Place("D", "District", Level.DISTRICT),
    "S": Place("S", "Street", Level.STREET, "D"),
    "C1": Place("C1", "Committee", Level.COMMITTEE, "S"),
    "E1": Place("E1", "Estate", Level.ESTATE, "C1"),
    "B1": Place("B1", "Building", Level.BUILDING, "E1"),
}
FIRMS = ("Estate Co", "Haulage", "Street", "")
"""Few, so that other roles are often the same firm; a family has none."""

ZONES = ("Asia/Shanghai", "Asia/Shanghai", "Europe/Berlin")
PAGES = ((), (Page("app"),), (Page("app"), Page("sms", timedelta(minutes=5)), Page("voice", least=Severity.P1)))
HOURS = (SLOTS, ((time(8), time(20)),), ((time(0), time(2)), (time(22), time(23))))
OFF_DAYS = [date(2025, 9, 12) + timedelta(days=ahead) for ahead in range(12)]

days_off = st.frozensets(st.sampled_from(OFF_DAYS), max_size=3)


@st.composite
def calendars(draw: st.DrawFn) -> Calendar:
    off, on = draw(days_off), draw(days_off)
    weekdays = draw(st.sampled_from([range(5), range(6), range(7), range(1)]))
    zone = ZoneInfo(draw(st.sampled_from(ZONES)))
    return Calendar(zone, draw(st.sampled_from(HOURS)), off, on, frozenset(weekdays))


@st.composite
def parties(draw: st.DrawFn) -> dict[tuple[str, str], Party]:
    """Every role but a few, each at one place around the case; sometimes a second one further out."""
    missing = draw(st.sets(st.sampled_from(ROLES), max_size=2)) if one_in(draw, 3) else set()
    found = {("D", "district"): Party("D", "district", "District")}
    for role in (*ROLES, "urban_enforcement"):
        if role not in missing:
            place, firm = draw(st.sampled_from(["C1", "E1", "S"])), draw(st.sampled_from(FIRMS))
            found[place, role] = Party(place, role, firm, (), draw(st.sampled_from(PAGES)))
    if one_in(draw, 4):
        found["D", "cleaner"] = Party("D", "cleaner", "District")
    return found


def shifts(first: int, length: int) -> tuple[Shift, ...]:
    """A shift a day, and nobody the rest of it."""
    begins = [OPENING + timedelta(days=day, hours=first) for day in range(20)]
    return tuple(Shift(at, at + timedelta(hours=length), (f"p{n % 3}",)) for n, at in enumerate(begins))


@st.composite
def rosters(draw: st.DrawFn, seats: list[tuple[str, str]]) -> dict[tuple[str, str], Roster]:
    if not one_in(draw, 3):
        return {}
    kept = draw(st.lists(st.sampled_from(seats), max_size=3, unique=True))
    zone = ZoneInfo("Asia/Shanghai")
    return {seat: Roster(zone, shifts(draw(st.integers(-8, 8)), draw(st.sampled_from([8, 24])))) for seat in kept}


@st.composite
def streets(draw: st.DrawFn) -> Street:
    held = draw(parties())
    firms = draw(st.lists(st.sampled_from(FIRMS[:3]), max_size=2, unique=True)) if draw(st.booleans()) else []
    return Street(
        "S",
        Directory("S", PLACES, {}, held, draw(rosters(sorted(held)))),
        draw(calendars()),
        draw(st.sampled_from([hours(24), hours(24), hours(3)])),
        {firm: draw(calendars()) for firm in firms},
        draw(st.sampled_from([minutes(15), hours(2)])),
        draw(st.sampled_from(Severity)),
    )
