"""Random rules and random histories: what a case may meet in its life, likely and unlikely."""

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import pairwise

from hypothesis import strategies as st

from civicloop.core.loop.decide import decide
from civicloop.core.loop.draft import Decision
from civicloop.core.loop.proofs import faults
from civicloop.core.model.case import Case, TrackState
from civicloop.core.model.chain import Check, Effect, Loop, Need, OnCleared, Rules, Severity, Step, TrackRule
from civicloop.core.model.finding import Finding
from civicloop.core.model.given import AllClear, Answer, Found, Given, Lapse, Verb
from civicloop.core.model.limit import Limit, hours, minutes, work_days, work_hours

from .town import OPENING, ORGANISATIONS, STREET

ROLES = [role for role in ORGANISATIONS if role != "urban_enforcement"]
LIMITS: list[Limit] = [minutes(5), minutes(30), hours(4), hours(30), work_hours(2), work_days(3)]
LONGEST = timedelta(days=12)
"""More than any of these limits can take: three working days across the week of a national holiday."""

limits = st.sampled_from(LIMITS)
roles = st.lists(st.sampled_from([*ROLES, "ghost", "spirit"]), min_size=1, max_size=3, unique=True).map(tuple)
people = st.sampled_from(["", "p1", "p2", "p3"])
severities = st.none() | st.sampled_from(Severity)


@st.composite
def steps(draw: st.DrawFn, name: str, loop: Loop, first: bool) -> Step:
    if not first and draw(st.integers(0, 9)) == 0:
        return Step(name, "urban_enforcement", minutes(30), hours(8), loop, enforcement=True)
    accept, finish = draw(st.none() | limits), draw(st.none() | limits)
    return Step(
        name,
        draw(roles),
        accept,
        finish if finish or accept else minutes(30),
        loop,
        draw(st.sampled_from(Need)),
        draw(st.booleans()),
        draw(st.just(()) | roles),
        review=draw(st.booleans()),
    )


@st.composite
def chains(draw: st.DrawFn) -> tuple[Step, ...]:
    loops = sorted(draw(st.lists(st.sampled_from(Loop), min_size=1, max_size=5)))
    chain = [draw(steps(f"s{at}", loop, at == 0)) for at, loop in enumerate(loops)]
    if draw(st.booleans()):
        chain.insert(0, Step("pause", finish=draw(limits), loop=Loop.MICRO))
    for at, step in enumerate(chain):
        if step.enforcement and not any(before.review for before in chain[:at]):
            chain[at] = Step(step.name, "police", minutes(30), loop=step.loop)
    return tuple(chain)


@st.composite
def all_rules(draw: st.DrawFn) -> Rules:
    tracks = [TrackRule("main", draw(chains()))]
    if draw(st.integers(0, 2)) == 0:
        tracks.append(TrackRule("side", draw(chains()), required=draw(st.booleans())))
    parties = draw(roles | st.just(()) | roles)
    check = Check(draw(st.none() | limits), parties, draw(st.none() | limits))
    return Rules(
        "bins.full",
        tuple(tracks),
        draw(st.sampled_from(Severity)),
        draw(st.sampled_from(OnCleared)),
        draw(st.none() | limits),
        check,
        (("helped", Effect.DONE), ("not_reachable", Effect.FAILED)),
        draw(st.sampled_from([(), ("photo",)])),
    )


def harmless(fault: str) -> bool:
    """Faults that the loop withstands all the same, so that random rules may have them."""
    return any(
        words in fault for words in ("P0", "how long sensors", "after its finish", "from opening", "which enforces")
    )


rules_that_load = all_rules().filter(lambda rules: all(map(harmless, faults(rules))))


class History:
    """A case and everything that was decided on it; the laws look at each decision as it is taken."""

    def __init__(self, rules: Rules, look: Callable[["History", Case | None, Given, Decision], None]) -> None:
        self.rules = rules
        self.look = look
        self.now = OPENING
        self.case: Case | None = None
        self.rounds: list[list[Decision]] = []
        self.given: list[tuple[Given, datetime]] = []

    def give(self, given: Given) -> Decision:
        before = self.case
        decision = decide(before, given, self.now, STREET)
        if before is None or decision.case is None or decision.case.id != before.id:
            self.rounds.append([])
        self.rounds[-1].append(decision)
        self.case = decision.case
        self.given.append((given, self.now))
        self.look(self, before, given, decision)
        return decision

    @property
    def decisions(self) -> list[Decision]:
        """What was decided on the round at hand."""
        return self.rounds[-1]


def play(draw: st.DrawFn, history: History, length: int) -> None:
    """Let a random history happen: time passes, deadlines are reached, people and sensors speak."""
    history.give(finding(draw, history))
    for _ in range(length):
        match draw(st.integers(0, 13)):
            case 0 | 1 | 2:
                reach_deadline(draw, history)
            case 3:
                history.now += draw(st.sampled_from([timedelta(), timedelta(minutes=7), timedelta(days=2)]))
            case 4:
                history.give(finding(draw, history))
            case 5:
                history.give(AllClear(history.now - draw(delays), "gone"))
            case _:
                history.give(answer(draw, history))


delays = st.sampled_from([timedelta(), timedelta(), timedelta(minutes=3), timedelta(hours=9)])


def finding(draw: st.DrawFn, history: History) -> Found:
    start = draw(st.sampled_from([None, None, *(step.name for step in history.rules.chain("main"))]))
    what = Finding("bin_full", severity=draw(severities), start=start, climb=draw(st.booleans()))
    return Found("bins.full", "B7", what, history.rules, "E1", "C1", history.now - draw(delays), "seen", start)


def reach_deadline(draw: st.DrawFn, history: History) -> None:
    """On time, late, early, twice, or after something else has happened."""
    dues = [(track.due, track.name) for track in history.case.tracks if track.due] if history.case else []
    if not dues:
        return
    due, name = min(dues)
    how = draw(st.sampled_from(["on time", "on time", "late", "early", "wrong"]))
    if how == "early":
        history.give(Lapse(name, due))
    elif how == "wrong":
        history.give(Lapse(name, due + timedelta(seconds=1)))
    else:
        history.now = max(history.now, due + (timedelta(hours=5) if how == "late" else timedelta()))
        history.give(Lapse(name, due))
        history.give(Lapse(name, due))


OPS_VERBS = [Verb.EXTEND, Verb.SUSPEND, Verb.SUSPEND, Verb.RESUME, Verb.REASSIGN, Verb.ESCALATE, Verb.SUPERVISE]
WORK_RESULTS = ["", "", "done", "failed", "false_alarm", "helped", "not_reachable"]
CHECKERS = ["auditor", "inspector", "manager", "hauler", "ops_center", "cleaner"]
VERDICTS = ["pass", "fail", "fail", "unable"]


def answer(draw: st.DrawFn, history: History) -> Answer:
    """Mostly what would be permitted, sometimes anything from anybody."""
    case = history.case
    track = draw(st.sampled_from(case.tracks)) if case else None
    verb, party, order = draw(st.sampled_from(Verb)), draw(st.sampled_from([*ORGANISATIONS, "ghost"])), ""
    results = [*WORK_RESULTS, *VERDICTS, "?"]
    if case and track and draw(st.integers(0, 4)):
        owing = [order for order in track.orders if order.is_open]
        if not case.is_open:
            verb, party = Verb.REOPEN, "ops_center"
        elif track.state is TrackState.VERIFYING and draw(st.integers(0, 3)):
            verb, results, party = Verb.VERIFY, VERDICTS, draw(st.sampled_from(CHECKERS))
        elif track.state is TrackState.SUSPENDED and draw(st.booleans()):
            verb, party = Verb.RESUME, "ops_center"
        elif case.step(track).review and draw(st.booleans()):
            verb, party = draw(st.sampled_from([Verb.APPROVE, Verb.APPROVE, Verb.DENY])), case.step(track).parties[0]
        elif owing and draw(st.integers(0, 3)):
            chosen = draw(st.sampled_from(owing))
            party, order = chosen.party, draw(st.sampled_from(["", case.order_id(chosen)]))
            verb, results = draw(st.sampled_from([Verb.REPORT, Verb.ACCEPT, Verb.REPORT, Verb.RETURN])), WORK_RESULTS
            if chosen.check:
                verb, results = Verb.VERIFY, VERDICTS
        else:
            verb, party = draw(st.sampled_from(OPS_VERBS)), "ops_center"
    by = draw(people)
    return Answer(
        verb,
        party,
        "answer",
        track=track.name if track else "main",
        order=order,
        result=draw(st.sampled_from(results)),
        reason=draw(st.sampled_from(["because", "because", "because", ""])),
        to=draw(st.sampled_from([*ORGANISATIONS, "ghost"])),
        until=history.now + draw(st.sampled_from([timedelta(hours=7), timedelta(days=300), timedelta(hours=-1)])),
        evidence=draw(st.sampled_from([("photo",), ("photo",), ()])),
        by=by,
        admin=draw(st.integers(0, 9)) == 9,
    )


def gaps(history: History) -> list[timedelta]:
    """How long it was from one deadline to the next when nobody ever says anything."""
    ends = [history.now]
    while history.case and history.case.is_open and len(ends) < 40:
        due, name = min((track.due, track.name) for track in history.case.tracks if track.due)
        history.now = max(history.now, due)
        history.give(Lapse(name, due))
        ends.append(history.now)
    return [later - earlier for earlier, later in pairwise(ends)]
