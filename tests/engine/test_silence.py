"""What it means that nothing was heard: watchdogs armed, proved, ended, failed, and after an outage."""

from dataclasses import replace
from datetime import timedelta
from itertools import accumulate, pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from civicloop import CLOSE, Expect, Finding, Reason, Scenario
from civicloop.core.stores.crash import CrashPoint, watching

from .stage import CHAIN, NOON, Beat, Fill, Full, Seen, Silent, Stage, beat, fill

REF = "bins.silent/B1"
OVER = [Reason.OPENED, Reason.ASKED]
ENDED = [*OVER, Reason.CLEARED, Reason.CLOSED]


@pytest.mark.parametrize("lateness", [0, 10])
def test_silence_is_judged_once_its_time_and_the_allowance_have_passed(store, lateness):
    stage = Stage(Silent, store=store, lateness=timedelta(minutes=lateness))
    stage.hear(beat(0))
    stage.wait(60 + lateness - 0.001)
    assert stage.refs() == []
    stage.wait(60 + lateness)
    case = stage.case(REF)
    assert case.opened_at == NOON + timedelta(minutes=60 + lateness)
    assert case.newest == NOON + timedelta(minutes=60)
    assert case.variables == {"since": "13:00"}
    assert stage.store.counts()["armed_watchdogs"] == 0


def test_an_allowance_that_has_become_longer_is_waited_for_and_not_looked_at_again_and_again(store):
    """A watchdog that is due for ever, and cannot be judged, would keep the engine from sleeping until a deadline."""
    stage = Stage(Silent, store=store, lateness=timedelta(minutes=10))
    stage.hear(beat(0))
    stage.engine.setup = replace(stage.engine.setup, lateness=timedelta(minutes=40))
    stage.engine.turn([], NOON + timedelta(minutes=70))
    assert not stage.engine.was_idle
    assert stage.engine.next_due() == NOON + timedelta(minutes=100)
    stage.wait(99)
    assert stage.refs() == []
    stage.wait(100)
    assert stage.story(REF) == OVER


def test_a_late_fact_within_the_allowance_means_there_was_no_silence():
    stage = Stage(Silent, lateness=timedelta(minutes=10))
    stage.hear(beat(0))
    stage.hear(beat(59), minute=69)
    stage.wait(119 + 9)
    assert stage.refs() == []


@pytest.mark.parametrize("received", [61, 69, 70, 75])
def test_a_fact_after_the_deadline_proves_the_silence_and_then_ends_it(received):
    stage = Stage(Silent, lateness=timedelta(minutes=10))
    stage.hear(beat(0))
    stage.hear(beat(61), minute=received)
    assert stage.story(REF) == ENDED
    stage.wait(60 + 61 + 10)
    assert stage.refs() == [(REF, 1), (REF, 2)]


class Twice(Scenario[Beat | Fill, Seen]):
    """Two watchdogs on one key; a full bin disarms the first, which otherwise arms itself again twice."""

    name = "bins.twice"
    on_cleared = CLOSE
    chain = CHAIN

    def assess(self, event, context):
        if isinstance(event, Fill):
            yield Expect("first", None)
        else:
            yield Expect("first", event.at + timedelta(minutes=10))
            yield Expect("second", event.at + timedelta(minutes=25))

    def overdue(self, expectation, context):
        context.memory.count += 1
        context.memory.last = expectation.by.minute
        if expectation.name == "first" and context.memory.count < 3:
            yield Expect("first", expectation.by + timedelta(minutes=10))
        if expectation.name == "second":
            yield Finding("silent")


def test_several_names_are_watched_side_by_side_and_may_arm_themselves_again():
    stage = Stage(Twice)
    stage.hear(beat(0))
    asked = []
    for minute in (10, 20, 25, 30):
        stage.wait(minute)
        asked.append((stage.memory("bins.twice")["count"], stage.memory("bins.twice")["last"]))
    assert asked == [(1, 10), (2, 20), (3, 25), (4, 30)]
    assert stage.refs() == [("bins.twice/B1", 1)]
    assert stage.store.counts()["armed_watchdogs"] == 0


def test_a_disarmed_watchdog_is_silent_and_the_other_is_not():
    stage = Stage(Twice)
    stage.hear(beat(0))
    stage.hear(fill(1, minute=5), minute=5)
    stage.wait(24)
    assert stage.memory("bins.twice")["count"] == 0
    stage.wait(25)
    assert stage.memory("bins.twice") == {"count": 1, "last": 25}


def test_a_fact_proves_every_silence_before_it_in_order_those_that_arise_included():
    stage = Stage(Twice, lateness=timedelta(hours=2))
    stage.hear(beat(0))
    stage.hear(beat(60), minute=60)
    assert stage.memory("bins.twice") == {"count": 4, "last": 30}


def test_a_silence_that_another_silence_disarmed_is_not_asked_about():
    class First(Twice):
        name = "bins.first"

        def overdue(self, expectation, context):
            context.memory.count += 1
            yield Expect("second", None)
            yield Expect("first", None)

    stage = Stage(First, lateness=timedelta(hours=1))
    stage.hear(beat(0))
    stage.hear(beat(30), minute=30)
    assert stage.memory("bins.first")["count"] == 1


# plugins that are wrong about silence ------------------------------------------------------------------------


class Afraid(Silent):
    def overdue(self, expectation, context):
        context.memory.count = 100
        yield Finding("silent", since="?")
        raise ValueError("the dark")


@pytest.mark.parametrize("lateness", [0, 10])
def test_a_scenario_that_raises_over_a_silence_is_asked_again_after_a_quarter_of_an_hour(store, lateness):
    stage = Stage(Afraid, store=store, lateness=timedelta(minutes=lateness))
    stage.hear(beat(0))
    for minute in (60, 74, 75, 90):
        stage.wait(minute + lateness)
        [row] = store.quarantine(9)
        assert (row.id, row.source, row.scenario) == ("B1/beat", "overdue", "bins.silent")
        assert row.why == "bins.silent raised ValueError over the silence 'beat' of B1: the dark"
        assert row.at == NOON + timedelta(minutes={60: 60, 74: 60, 75: 75, 90: 90}[minute] + lateness)
    assert stage.memory("bins.silent") == {"count": 1, "last": 0}
    assert stage.ops() == ["plugin_error"]
    stage.use(Silent)
    stage.wait(105 + lateness)
    # It is still the silence of 13:00 that is judged, and nothing is left in quarantine.
    assert stage.case(REF).variables == {"since": "13:00"}
    assert store.quarantine(9) == []


def test_the_other_watchdogs_of_the_key_are_still_judged():
    class Half(Twice):
        def overdue(self, expectation, context):
            if expectation.name == "first":
                raise ValueError("the first is never judged")
            yield Finding("silent")

    stage = Stage(Half)
    stage.hear(beat(0))
    stage.wait(24)
    assert stage.refs() == []
    stage.wait(25)
    assert stage.refs() == [("bins.twice/B1", 1)]
    turns = stage.store.counts()
    stage.wait(24 * 60)
    assert turns["armed_watchdogs"] == 1


@pytest.mark.parametrize("later", [timedelta(0), timedelta(days=-1), timedelta(microseconds=1)])
def test_a_silence_that_arms_itself_without_end_is_quarantined(later):
    class Endless(Silent):
        def overdue(self, expectation, context):
            yield Expect("beat", expectation.by + later)

    stage = Stage(Endless)
    stage.hear(beat(0))
    stage.wait(61)
    assert "not later than the silence it was asked about" in stage.store.quarantine(9)[0].why


def test_a_place_that_is_gone_keeps_the_silence():
    stage = Stage(Silent)
    stage.hear(beat(0))
    setup = stage.engine.setup
    del setup.street.directory.places["e1"]
    stage.wait(60)
    assert "place e1 is no longer in places.csv" in stage.store.quarantine(9)[0].why


def test_a_disabled_plugin_has_no_silence():
    stage = Stage(Silent)
    stage.hear(beat(0))
    stage.use(Full)
    stage.wait(24 * 60)
    assert (stage.refs(), stage.store.counts()["armed_watchdogs"]) == ([], 0)


def test_a_fault_of_ours_keeps_the_silence_and_asks_again():
    stage = Stage(Silent)
    stage.hear(beat(0))
    good = stage.engine.setup

    class Broken(type(good.street)):
        def deadline(self, start, limit):
            raise RuntimeError("a fault of ours")

    stage.engine.setup = good.__class__(Broken("s1", good.street.directory), good.registry, lateness=timedelta())
    stage.wait(74)
    assert [row.reason for row in stage.store.quarantine(9)] == [Reason.INTERNAL_ERROR]
    stage.engine.setup = good
    stage.wait(75)
    assert stage.case(REF).variables == {"since": "13:00"}
    assert stage.store.quarantine(9) == []


# after an outage ---------------------------------------------------------------------------------------------

LATE = timedelta(minutes=10)


def test_our_own_absence_is_not_the_silence_of_sensors(store):
    stage = Stage(Silent, store=store, lateness=LATE)
    stage.hear(beat(0))
    assert stage.restart(3 * 60) == timedelta(hours=3)
    # An hour was left, and an hour is left, from when we were back.
    stage.wait(3 * 60 + 60 + 9)
    assert stage.refs() == []
    stage.wait(3 * 60 + 60 + 10)
    assert stage.refs() == [(REF, 1)]


def test_a_short_restart_is_no_outage(store):
    stage = Stage(Silent, store=store)
    stage.hear(beat(0))
    stage.restart(0.9)
    stage.wait(60)
    assert stage.case(REF).opened_at == NOON + timedelta(minutes=60)


def test_what_was_silent_before_waits_until_the_sources_have_caught_up(store):
    stage = Stage(Silent, store=store, lateness=LATE)
    stage.hear(beat(0))
    stage.store.heartbeat(NOON + timedelta(minutes=65))
    stage.restart(3 * 60)
    stage.wait(3 * 60 + 9)
    assert stage.refs() == []
    # The gateway kept what was sent meanwhile, and hands it over now, in any order.
    stage.hear(beat(115), minute=3 * 60 + 9)
    stage.hear(beat(58), minute=3 * 60 + 9)
    stage.hear(beat(130), minute=3 * 60 + 9)
    stage.wait(130 + 60 + 9)
    assert stage.refs() == []
    stage.wait(130 + 60 + 10)
    assert stage.refs() == [(REF, 1)]


def test_what_is_armed_while_the_sources_catch_up_waits_as_well(store):
    stage = Stage(Silent, store=store, lateness=LATE)
    stage.hear(beat(0))
    stage.restart(3 * 60)
    stage.hear(beat(100), minute=3 * 60 + 1)
    stage.wait(3 * 60 + 9)
    assert stage.refs() == []
    stage.wait(3 * 60 + 10)
    assert stage.case(REF).variables == {"since": "14:40"}


def test_a_daemon_that_dies_while_the_sources_catch_up_still_waits_for_them_when_it_is_back(store):
    stage = Stage(Silent, store=store, lateness=LATE)
    stage.hear(beat(0))
    stage.store.heartbeat(NOON + timedelta(minutes=65))
    stage.restart(3 * 60)
    stage.restart(3 * 60 + 0.5)
    # A fact later than the deadline proves a silence, but not while what came before it may still be on its way.
    stage.hear(beat(115), minute=3 * 60 + 1)
    stage.hear(beat(58), minute=3 * 60 + 1)
    assert stage.refs() == []


def test_a_silence_is_named_by_what_was_heard_before_it_and_not_by_the_fact_that_proves_it(store):
    stage = Stage(Silent, store=store, lateness=LATE)
    stage.hear(beat(0))
    stage.hear(beat(65), beat(66, id="more"), minute=66)
    opened = next(entry for _, entry in store.journal_after(0, 9) if entry.reason is Reason.OPENED)
    assert opened.event.endswith(f"#{NOON.isoformat()}")


@pytest.mark.parametrize("point", [CrashPoint.OUTAGE_SHIFTED, CrashPoint.TURN_WRITTEN, CrashPoint.TURN_COMMITTED])
def test_an_absence_is_booked_and_written_down_together_wherever_the_daemon_dies(store, point):
    stage = Stage(Silent, store=store, lateness=LATE)
    stage.hear(beat(0))

    def die(at: CrashPoint) -> None:
        if at is point:
            raise RuntimeError(point)

    with watching(die), pytest.raises(RuntimeError):
        stage.restart(3 * 60)
    stage.restart(3 * 60)
    [(_, row)] = store.events(None, 1, 9)
    assert b'"since":"2026-05-01T12:00:00+00:00","until":"2026-05-01T15:00:00+00:00"' in row.body
    with store.turn() as turn:
        [memo] = turn.due_memos(NOON + timedelta(days=1), 9)
    assert memo.expects[0][1] == NOON + timedelta(hours=4)


def test_a_silence_that_the_sources_do_not_disprove_is_judged_then(store):
    stage = Stage(Silent, store=store, lateness=LATE)
    stage.hear(beat(0))
    stage.store.heartbeat(NOON + timedelta(minutes=65))
    stage.restart(3 * 60)
    stage.wait(3 * 60 + 10)
    assert stage.case(REF).opened_at == NOON + timedelta(minutes=3 * 60 + 10)


def test_deadlines_that_passed_meanwhile_fire_at_the_first_turn_in_their_order(store):
    stage = Stage(Full, store=store)
    for minute, number in enumerate((3, 1, 2)):
        stage.hear(fill(90, minute=minute, id=str(number), subject=f"B{number}"), minute=minute)
    stage.restart(5 * 60)
    stage.engine.turn((), NOON + timedelta(hours=5))
    rows = [
        (entry.ref, entry.reason) for _, entry in store.journal_after(0, 99) if entry.at > NOON + timedelta(hours=4)
    ]
    expected = (Reason.NOT_ACCEPTED, Reason.ESCALATED)
    assert rows == [(f"bins.full/B{number}", reason) for number in (3, 1, 2) for reason in expected]


def test_an_absence_is_written_among_the_events(store):
    stage = Stage(Silent, store=store)
    stage.hear(beat(0))
    stage.restart(60)
    [(_, row)] = store.events(None, 1, 9)
    assert (row.type, row.source) == ("civicloop.away", "//civicloop/engine")
    assert b'"since":"2026-05-01T12:00:00+00:00","until":"2026-05-01T13:00:00+00:00"' in row.body


# delivery that is late, shuffled and repeated ----------------------------------------------------------------

ALLOWANCE = 10


def cases_of(stage: Stage) -> list[tuple[str, int]]:
    stage.wait(24 * 60)
    return stage.refs()


def overtakes(minutes: list[int]) -> bool:
    """Whether a fact could be overtaken by one that lies beyond the deadline that it would have moved."""
    return any(
        later - following < ALLOWANCE
        for index, (fact, following) in enumerate(pairwise(minutes))
        for later in minutes[index + 2 :]
        if following <= fact + 60 < later
    )


HOURS = st.lists(st.integers(1, 90), max_size=12).map(lambda gaps: [0, *accumulate(gaps)])


@given(data=st.data(), minutes=HOURS.filter(lambda minutes: not overtakes(minutes)))
def test_delivery_shuffled_within_the_allowance_gives_the_same_cases(data, minutes):
    """The same cases (reference and round), whatever the order of delivery within the lateness allowance.

    Not the same are the times at which a case opens and closes: a silence may be proved by a later fact or by its
    watchdog, whichever comes first. And one history is left out: a fact after a deadline proves the silence when it
    arrives, though the facts that would have ended it may still be under way. That takes facts on both sides of a
    deadline, less than the allowance apart. What was overtaken finds the case open, and law 9 lets it change nothing.
    """
    delays = data.draw(st.lists(st.integers(0, ALLOWANCE), min_size=len(minutes), max_size=len(minutes)))
    again = data.draw(st.lists(st.sampled_from(minutes), max_size=4))
    deliveries = [(minute + delay, minute) for minute, delay in zip(minutes, delays, strict=True)]
    deliveries += [(minute + ALLOWANCE, minute) for minute in again]

    in_order = Stage(Silent, lateness=timedelta(minutes=ALLOWANCE))
    for minute in minutes:
        in_order.hear(beat(minute), minute=minute)
    shuffled = Stage(Silent, lateness=timedelta(minutes=ALLOWANCE))
    for received, minute in sorted(deliveries):
        shuffled.hear(beat(minute), minute=received)
    assert cases_of(shuffled) == cases_of(in_order)


def test_the_exception_a_fact_that_overtakes_across_a_deadline_opens_a_case():
    in_order = Stage(Silent, lateness=timedelta(minutes=ALLOWANCE))
    for minute in (0, 58, 62):
        in_order.hear(beat(minute), minute=minute)
    overtaken = Stage(Silent, lateness=timedelta(minutes=ALLOWANCE))
    for received, minute in ((0, 0), (62, 62), (63, 58)):
        overtaken.hear(beat(minute), minute=received)
    assert in_order.refs() == []
    assert overtaken.story(REF) == ENDED  # opened by the proof, and ended by the very same fact
