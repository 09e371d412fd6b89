"""Random histories: what a case may meet in its life, likely and unlikely."""

from collections.abc import Callable
from datetime import datetime, timedelta

from hypothesis import strategies as st

from civicloop.core.loop.decide import decide
from civicloop.core.loop.draft import Decision
from civicloop.core.model.case import Case, Duty, Entry, Reason, Track, TrackState, WorkOrder
from civicloop.core.model.chain import Rules, Severity
from civicloop.core.model.finding import Finding
from civicloop.core.model.given import AllClear, Answer, Brought, Found, Given, Lapse, Verb
from civicloop.core.model.place import Holder
from civicloop.core.model.street import OPS, Street

from .random_rules import ROLES, one_in
from .town import OPENING

severities = st.sampled_from([None, None, *reversed(Severity)])
delays = st.sampled_from([timedelta(), timedelta(), timedelta(minutes=3), timedelta(hours=9)])
people = st.sampled_from(["", "p1", "p2", "p3", "token:desk", "p1 token:desk"])
anybody = st.sampled_from([*ROLES, "district", "urban_enforcement", "ghost", ""])

Look = Callable[["History", Case | None, Given, Decision], None]


class History:
    """A case and everything that was decided on it; the laws look at each decision as it is taken.

    What a law must remember of the round at hand is kept here: the keys of its notices, the tracks whose enforcement
    a human has approved, the deadlines that were reminded of, and its journal.
    """

    def __init__(self, rules: Rules, street: Street, look: Look) -> None:
        self.rules = rules
        self.street = street
        self.look = look
        self.now = OPENING
        self.case: Case | None = None
        self.given: list[tuple[Given, datetime]] = []
        self.theme: list[Verb] = []
        self.begin_round()

    def begin_round(self) -> None:
        """Forget what only the round before has had."""
        self.decisions: list[Decision] = []
        self.entries: list[Entry] = []
        self.keys: set[str] = set()
        self.reviewed: set[str] = set()
        self.reminded: set[tuple[object, ...]] = set()
        self.was_reopened = False

    def holder(self, role: str) -> Holder | None:
        """Who holds ``role`` where the case is, now."""
        return self.street.holder(role, "E1", self.now)

    def holds(self, role: str) -> bool:
        """Whether anybody does."""
        return self.holder(role) is not None

    def give(self, given: Given) -> Decision:
        before = self.case
        decision = decide(before, given, self.now, self.street)
        if before is None or decision.case is None or decision.case.id != before.id:
            self.begin_round()
        self.decisions.append(decision)
        self.case = decision.case
        self.given.append((given, self.now))
        self.entries += decision.entries
        self.look(self, before, given, decision)
        self.was_reopened |= decision.reason is Reason.REOPENED
        return decision


def play(draw: st.DrawFn, history: History, length: int) -> None:
    """Let a random history happen: time passes, deadlines are reached, people and sensors speak."""
    history.theme = draw(st.sampled_from(THEMES))
    history.give(finding(draw, history))
    for _ in range(length):
        if not history.theme and draw(st.booleans()):
            history.give(AllClear(history.now - draw(delays), "gone"))
            continue
        match draw(st.integers(0, 17)):
            case 0 | 1 | 2:
                reach_deadline(draw, history)
            case 3:
                history.now += draw(st.sampled_from([timedelta(), timedelta(minutes=7), timedelta(days=2)]))
            case 4:
                history.give(finding(draw, history))
            case 5 | 6:
                history.give(AllClear(history.now - draw(delays), "gone"))
            case 7:
                history.give(absurd(draw, history))
            case 8 if isinstance(history.given[-1][0], Answer):
                for _ in range(draw(st.integers(1, 3))):
                    history.give(history.given[-1][0])
            case _:
                history.give(answer(draw, history))


def finding(draw: st.DrawFn, history: History) -> Found:
    start = draw(st.sampled_from([None, None, *(step.name for step in history.rules.chain("main"))]))
    what = Finding("bin_full", severity=draw(severities), start=start, climb=draw(st.booleans()))
    return Found("bins.full", "B7", what, history.rules, "E1", "C1", history.now - draw(delays), "seen", start)


def next_lapse(case: Case) -> Lapse:
    """The deadline that is reached first; of an open case there is always one."""
    return min(
        (Lapse(track.name, track.next_at) for track in case.tracks if track.next_at),
        key=lambda one: (one.due, one.track),
    )


def reach_deadline(draw: st.DrawFn, history: History) -> None:
    """On time, late, early, twice, or after something else has happened."""
    if history.case is None or not history.case.is_open:
        return
    lapse = next_lapse(history.case)
    how = draw(st.sampled_from(["on time", "on time", "late", "early", "wrong"]))
    if how == "early":
        history.give(lapse)
    elif how == "wrong":
        history.give(lapse._replace(due=lapse.due + timedelta(seconds=1)))
    else:
        history.now = max(history.now, lapse.due + (timedelta(hours=5) if how == "late" else timedelta()))
        history.give(lapse)
        history.give(lapse)


WORK_VERBS = [Verb.REPORT, Verb.ACCEPT, Verb.RETURN, Verb.REPORT, Verb.EXTEND, Verb.SUSPEND, Verb.ACCEPT]
THEMES = [
    WORK_VERBS,
    [Verb.RETURN, Verb.RETURN, Verb.RETURN, Verb.ACCEPT, Verb.REPORT],
    [Verb.EXTEND, Verb.SUSPEND, Verb.SUSPEND, Verb.ACCEPT],
    [Verb.REPORT],
    [],
]
"""What those who were asked are prone to do in one history; nothing of the kind: the sensors speak instead."""

STREET_VERBS = [Verb.REASSIGN, Verb.ESCALATE, Verb.SUSPEND, Verb.SUPERVISE, Verb.EXTEND, Verb.COMMENT, Verb.CLOSE]
AFTERWARDS = [Verb.REOPEN, Verb.APPEAL, Verb.APPROVE, Verb.APPROVE, Verb.DENY, Verb.COMMENT]
WORK_RESULTS = ["", "", "done", "failed", "false_alarm", "helped", "not_reachable"]
VERDICTS = ["pass", "fail", "fail", "unable"]


def absurd(draw: st.DrawFn, history: History) -> Answer:
    """Anything from anybody."""
    verb, party = draw(st.sampled_from(Verb)), draw(anybody)
    given = said(draw, history, verb, party, [*WORK_RESULTS, *VERDICTS, "?"])
    case = history.case
    stale = [f"{case.id}.{case.orders_asked}", f"{case.id}.99", "0000.1"] if case else ["0000.1"]
    return given._replace(
        track=draw(st.sampled_from(["", "main", "side", "nowhere"])),
        order=draw(st.sampled_from(["", *stale])),
        admin=one_in(draw, 4),
        newer_open=draw(st.booleans()),
    )


def answer(draw: st.DrawFn, history: History) -> Answer:
    """What somebody in that situation would say."""
    case = history.case
    assert case is not None, "a history begins with a finding"
    if not case.is_open:
        return _afterwards(draw, history, case)
    track = draw(st.sampled_from([track for track in case.tracks if track.is_open]))
    owing = [order for order in track.orders if order.is_open]
    if track.request is not None and draw(st.booleans()):
        given = said(draw, history, draw(st.sampled_from([Verb.APPROVE, Verb.DENY])), OPS)
    elif track.state is TrackState.VERIFYING and draw(st.booleans()):
        given = said(draw, history, Verb.VERIFY, draw(st.sampled_from(ROLES)), VERDICTS)
    elif track.state is TrackState.SUSPENDED and one_in(draw, 3):
        given = said(draw, history, Verb.RESUME, OPS)
    elif case.step(track).review and draw(st.booleans()):
        verb = draw(st.sampled_from([Verb.APPROVE, Verb.APPROVE, Verb.DENY]))
        given = said(draw, history, verb, draw(st.sampled_from(case.step(track).parties)))
    elif owing and not one_in(draw, 5):
        given = _owed(draw, history, case, track, draw(st.sampled_from(owing)))
    else:
        verbs = [*STREET_VERBS, Verb.VOID] if one_in(draw, 4) else STREET_VERBS
        given = said(draw, history, draw(st.sampled_from(verbs)), OPS)
    return given._replace(track=track.name)


def _afterwards(draw: st.DrawFn, history: History, case: Case) -> Answer:
    verb = draw(st.sampled_from(AFTERWARDS))
    late = [order.party for track in case.tracks for order in track.orders if order.is_late]
    party = draw(st.sampled_from([OPS, OPS, "district"]))
    if verb is Verb.APPEAL and late:
        party = draw(st.sampled_from(late))
    return said(draw, history, verb, party)._replace(track=draw(st.sampled_from(case.tracks)).name)


def _owed(draw: st.DrawFn, history: History, case: Case, track: Track, order: WorkOrder) -> Answer:
    verb, results = draw(st.sampled_from(history.theme or WORK_VERBS)), WORK_RESULTS
    if order.duty is Duty.CHECK and draw(st.booleans()):
        verb, results = Verb.VERIFY, VERDICTS
    if order.duty is Duty.DISPATCH and draw(st.booleans()):
        verb = draw(st.sampled_from([Verb.REASSIGN, Verb.REASSIGN, Verb.ESCALATE]))
    given = said(draw, history, verb, order.party, results)
    returned = [one.party for one in track.orders if one.party and not one.is_open]
    if verb is Verb.REASSIGN and returned and draw(st.booleans()):
        given = given._replace(to=returned[-1])
    return given._replace(order=draw(st.sampled_from(["", case.order_id(order)])))


def said(draw: st.DrawFn, history: History, verb: Verb, party: str, results: list[str] = WORK_RESULTS) -> Answer:
    """One answer with all that its verb may need, and some of it wrong."""
    return Answer(
        verb,
        party,
        "answer",
        organisation=draw(st.sampled_from(["", "", "Haulage"])),
        result=draw(st.sampled_from(results)) if verb in (Verb.REPORT, Verb.VERIFY) else "",
        reason="" if one_in(draw, 8) else "because",
        to=draw(anybody) if verb is Verb.REASSIGN else "",
        until=history.now + draw(until) if verb is Verb.SUSPEND else None,
        evidence=brought(draw, history) if verb in (Verb.REPORT, Verb.VERIFY, Verb.COMMENT) else (),
        by=draw(people),
        admin=one_in(draw, 12),
        doubt=draw(st.sampled_from([0, 0, 1, 9])) if verb is Verb.REPORT else 0,
    )


until = st.sampled_from(
    [timedelta(hours=7), timedelta(days=3), timedelta(days=365), timedelta(days=366), timedelta(hours=-1), timedelta()]
)


def brought(draw: st.DrawFn, history: History) -> tuple[Brought, ...]:
    """Evidence as the rules want it, or some of it, or with one thing wrong in it."""
    good = tuple(
        Brought(proof.kind, "h1", history.now, "B1", "No. 7", (*proof.outcomes, "")[0])
        for proof in history.rules.proofs
    )
    if not good or not one_in(draw, 3):
        return good
    some = good[draw(st.integers(0, len(good))) :]
    wrong = draw(
        st.sampled_from(
            [
                {},
                {"hash": ""},
                {"is_known": True},
                {"taken_at": None},
                {"taken_at": history.now - timedelta(days=30)},
                {"taken_at": history.now + timedelta(seconds=1)},
                {"place": "C1"},
                {"number": " "},
                {"outcome": "?"},
            ]
        )
    )
    return tuple(one._replace(**wrong) for one in some)


def left_alone(history: History, most: int = 60) -> list[datetime]:
    """The instants at which something happened when nobody ever says anything; ``most`` of them at the most."""
    instants = [history.now]
    while history.case and history.case.is_open and len(instants) <= most:
        lapse = next_lapse(history.case)
        history.now = max(history.now, lapse.due)
        history.give(lapse)
        instants.append(history.now)
    return instants
