"""What one turn writes of pages: answered orders are silenced, whichever decision of the turn came first."""

from datetime import timedelta

from civicloop import Notice
from civicloop.core.engine.lapsing import lapse_cases
from civicloop.core.engine.work import Work
from civicloop.core.loop.draft import Decision
from civicloop.core.model.case import Reason

from .stage import NOON, Full, Stage, fill

LATER = timedelta(minutes=5)


def opened(stage: Stage):
    """A case that is open, and the notice that asked its first party."""
    stage.hear(fill(90))
    [owed] = stage.store.owed("console", NOON, 9)
    return stage.case("bins.full/B1"), owed.notice


def page(notice: Notice, key: str, later: timedelta | None = LATER, order: str = "x.1") -> Notice:
    not_before = None if later is None else NOON + later
    return notice._replace(key=key, order=order, not_before=not_before, channels=("sms",))


def written(stage: Stage, *decisions: Decision, at=NOON) -> list[str]:
    """The keys of the pages that are owed after one turn of these decisions."""
    with stage.store.turn() as turn:
        work = Work(turn, stage.engine.setup, at)
        for decision in decisions:
            work.keep(decision, decision.case)
        work.commit()
    return [one.notice.key for one in stage.store.owed("sms", NOON + timedelta(days=1), 99)]


def test_an_order_answered_in_the_turn_that_asked_it_pages_nobody_later():
    stage = Stage(Full)
    case, notice = opened(stage)
    pages = tuple(
        page(notice, *one)
        for one in (("at once", None), ("now", timedelta()), ("later", LATER), ("other", LATER, "x.2"))
    )
    asked = Decision(Reason.ASKED, case, notices=pages)
    accepted = Decision(Reason.ACCEPTED, case, silenced=("x.1",))
    assert written(stage, asked, accepted) == ["at once", "now", "other"]


def test_an_order_answered_in_a_later_turn_pages_nobody_later_either():
    stage = Stage(Full)
    case, notice = opened(stage)
    written(stage, Decision(Reason.ASKED, case, notices=(page(notice, "at once", None), page(notice, "later"))))
    assert written(stage, Decision(Reason.ACCEPTED, case, silenced=("x.1",)), at=NOON + LATER / 2) == ["at once"]


def test_a_page_whose_time_has_come_goes_out_whatever_is_answered_now():
    stage = Stage(Full)
    case, notice = opened(stage)
    written(stage, Decision(Reason.ASKED, case, notices=(page(notice, "later"),)))
    assert written(stage, Decision(Reason.ACCEPTED, case, silenced=("x.1",)), at=NOON + LATER) == ["later"]


def test_rework_asked_after_the_silencing_pages_under_the_same_order():
    stage = Stage(Full)
    case, notice = opened(stage)
    asked = Decision(Reason.ASKED, case, notices=(page(notice, "first"),))
    failed = Decision(Reason.CHECK_FAILED, case, notices=(page(notice, "again"),), silenced=("x.1",))
    assert written(stage, asked, failed) == ["again"]
    reported = Decision(Reason.REPORTED, case, silenced=("x.1",))
    assert written(stage, reported, failed._replace(notices=(page(notice, "once more"),))) == ["once more"]


def test_a_reminder_is_met_at_its_own_instant_before_the_deadline():
    stage = Stage(Full)
    case, _ = opened(stage)
    (track,) = case.tracks
    reminded = case.with_track(track._replace(remind_at=track.due - LATER))
    for until, lapses in ((track.due - LATER - timedelta(seconds=1), 0), (track.due - LATER, 1)):
        with stage.store.turn() as turn:
            work = Work(turn, stage.engine.setup, until)
            lapse_cases(work, [reminded], until)
            assert work.decisions.total() == lapses
