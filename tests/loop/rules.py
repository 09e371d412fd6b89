"""The rules under which the rows of the decision table are played."""

from dataclasses import replace

from civicloop.core.model.chain import (
    CLOSE,
    CLOSE_BEFORE_DISPATCH,
    EVIDENCE,
    LARGE,
    MEDIUM,
    SMALL,
    VERIFY,
    Check,
    Effect,
    Need,
    Proof,
    Recurrence,
    Rules,
    Severity,
    Silence,
    Step,
    TrackRule,
)
from civicloop.core.model.limit import days, hours, minutes


def rules(*chain: Step, check: Check | None = None, side: TrackRule | None = None) -> Rules:
    tracks = (TrackRule("main", chain), *((side,) if side else ()))
    return Rules("bins.full", tracks, Severity.P2, VERIFY, minutes(10), check or Check())


CLEAN = Step("clean", "cleaner", minutes(10), hours(1))
MANAGE = Step(
    "manage", ("manager", "secretary"), minutes(15), hours(4), SMALL, from_opening=True, inform=("family", "ghost")
)
PRESS = Step("press", "ops_center", minutes(30), hours(12), MEDIUM)
MEET = Step("meet", "secretary", finish=hours(10))
WAIT = Step("wait", finish=minutes(5))
GHOST = Step("haunt", "ghost", minutes(10), hours(1))
REVIEW = Step("review", "reviewer", minutes(30), hours(2), MEDIUM, review=True)
WARN = Step("warn", "secretary", minutes(30), hours(2), MEDIUM)
FINE = Step("fine", "urban_enforcement", minutes(30), hours(8), LARGE, enforcement=True)

PLAIN = rules(CLEAN, MANAGE, PRESS)
LOOK = rules(CLEAN, MANAGE, PRESS, check=Check(parties=("inspector", "auditor"), within=minutes(30)))
QUIET = rules(CLEAN, MANAGE, PRESS, check=Check(quiet=minutes(20)))
BOTH = rules(CLEAN, MANAGE, PRESS, check=Check(minutes(20), "auditor", minutes(15)))
NOBODY_LOOKS = rules(CLEAN, PRESS, check=Check(parties="ghost"))
PRESSED = rules(PRESS, check=Check(parties=("ops_center", "inspector")))
LAST = rules(CLEAN)
LAST_CHECKED = rules(CLEAN, replace(CLEAN, name="again", parties=("hauler",)))
ALL = rules(Step("clean", ("cleaner", "hauler"), minutes(10), hours(1), need=Need.ALL), PRESS)
ANY = rules(Step("clean", ("cleaner", "hauler"), minutes(10), hours(1)), PRESS)
LEAD = rules(Step("clean", ("cleaner", "hauler"), minutes(10), hours(1), need=Need.LEAD), PRESS)
LEAD_ABOVE = rules(
    Step("clean", "cleaner", minutes(10), hours(1)),
    Step("meet", ("secretary", "cleaner"), minutes(10), hours(1), need=Need.LEAD),
)
ACCEPT_ONLY = rules(Step("clean", "cleaner", minutes(10)), PRESS)
FINISH_ONLY = rules(Step("clean", "cleaner", finish=hours(1)), PRESS)
HAUNTED = rules(GHOST, PRESS)
GHOSTS = rules(GHOST)
WAITING = rules(WAIT, CLEAN, PRESS)
BREAK = rules(CLEAN, WAIT, PRESS)
ENDLESS_WAIT = rules(Step("wait"), CLEAN)
FINED = rules(CLEAN, REVIEW, FINE)
WARNED = rules(REVIEW, WARN, FINE)
TWO_REVIEWERS = rules(replace(REVIEW, parties=("reviewer", "auditor")), FINE)
UNREVIEWED = rules(replace(REVIEW, parties=("ghost",)), FINE)
WARNED_UNREVIEWED = rules(replace(REVIEW, parties=("ghost",)), WARN, FINE)
STARTS_FINE = rules(REVIEW, FINE)
LATE_BUCKET = rules(CLEAN, replace(CLEAN, name="again", from_opening=True), PRESS)
TWO = rules(CLEAN, PRESS, side=TrackRule("meetings", (MEET,)))
SIDE = rules(CLEAN, PRESS, side=TrackRule("meetings", (MEET,), required=False))
TWO_LOOK = replace(TWO, check=Check(parties="auditor", within=minutes(30)))

LIFE = replace(LOOK, severity=Severity.P0, on_cleared=EVIDENCE)
LIFE_VERIFY = replace(BOTH, severity=Severity.P0)
LIFE_QUIET = replace(QUIET, severity=Severity.P0)
LIFE_WAITING = replace(WAITING, severity=Severity.P0)
CLOSES = replace(PLAIN, on_cleared=CLOSE)
TWO_CLOSE = replace(TWO, on_cleared=CLOSE)
SIDE_CLOSE = replace(SIDE, on_cleared=CLOSE)
BEFORE = replace(WAITING, on_cleared=CLOSE_BEFORE_DISPATCH)
NOTES = replace(PLAIN, on_cleared=EVIDENCE)
NO_QUIET = replace(PLAIN, quiet=None)
OPTION = replace(PLAIN, proofs=(Proof("photo", is_optional=True, is_numbered=True),))
PHOTO = replace(PLAIN, proofs=(Proof("photo"),), outcomes=(("helped", Effect.DONE), ("not_reachable", Effect.FAILED)))

ALL_LOOK = replace(ALL, check=LOOK.check)
ANY_LOOK = replace(ANY, check=LOOK.check)
ALL_FINISH = rules(Step("clean", ("cleaner", "hauler"), finish=hours(1), need=Need.ALL), PRESS)
LATE_TAKEN = rules(Step("clean", "cleaner", minutes(50), hours(1)), PRESS)
UNREMINDED = replace(FINISH_ONLY, remind_percent=0)
AT_NIGHT = rules(Step("watch", "watchman", minutes(10), hours(1)), PRESS)

ARBITER = replace(PLAIN, returns_max=2, arbiter="secretary")
ARBITER_BELOW = replace(rules(Step("meet", "secretary", minutes(10)), CLEAN, PRESS), returns_max=1, arbiter="secretary")
ARBITER_GHOST = replace(PLAIN, returns_max=1, arbiter="ghost")
ARBITER_AWAY = replace(PLAIN, returns_max=1, arbiter="watchman")

HOLD, CALL = Step("hold", "hauler", minutes(20), hours(1)), Step("call", "family", minutes(20), hours(1))
THREE = replace(PLAIN, tracks=(*rules(CLEAN).tracks, TrackRule("hold", (HOLD,)), TrackRule("call", (CALL,))))
JOIN_ANY = replace(THREE, join=1)
JOIN_TWO = replace(THREE, join=2)
OPENS = rules(CLEAN, PRESS, side=TrackRule("meetings", (MEET,), opens_at="press"))
OPENS_BY_GHOST = rules(CLEAN, GHOST, PRESS, side=TrackRule("meetings", (MEET,), opens_at="haunt"))
SILENT = replace(PLAIN, tracks=(TrackRule("main", (CLEAN,), silence=Silence.END),))
SILENT_SIDE = rules(CLEAN, PRESS, side=TrackRule("hold", (HOLD,), required=False, silence=Silence.END))
SILENT_MAIN = replace(
    PLAIN,
    tracks=(
        TrackRule("main", (CLEAN, GHOST), silence=Silence.END),
        TrackRule("meetings", (MEET,), opens_at="haunt"),
    ),
)
GONE_AT_ONCE = replace(JOIN_ANY, tracks=(TrackRule("main", (GHOST,), silence=Silence.END), *JOIN_ANY.tracks[1:]))
REOPENED_SIDE = replace(
    JOIN_ANY,
    tracks=(
        TrackRule("main", (CLEAN, PRESS)),
        JOIN_ANY.tracks[1],
        TrackRule("meetings", (MEET,), required=False, opens_at="press"),
    ),
)
GONE_ON_THE_WAY = replace(
    PLAIN,
    tracks=(
        TrackRule("main", (CLEAN, GHOST, replace(GHOST, name="haunt again")), silence=Silence.END),
        TrackRule("meetings", (replace(GHOST, name="wail"),), opens_at="haunt", silence=Silence.END),
    ),
    join=1,
)
GOES_ON = rules(Step("hear", "secretary", finish=hours(10), goes_on=True), Step("build", "manager", finish=hours(20)))
CONFIRMED = rules(Step("confirm", "inspector", minutes(5), hours(1), pre_verify=True), CLEAN, PRESS)
CONFIRMED_RECURS = replace(CONFIRMED, recurrence=Recurrence(days(7), "press"))
CONFIRMED_FINED = rules(REVIEW, Step("confirm", "inspector", minutes(5), hours(1), MEDIUM, pre_verify=True), FINE)
RECORDED = replace(
    PLAIN,
    proofs=(Proof("visit", outcomes=("helped", "not_reachable")),),
    outcomes=(("helped", Effect.DONE), ("not_reachable", Effect.FAILED)),
)
RECURS = replace(PLAIN, recurrence=Recurrence(days(7), "manage"), outcomes=(("cooking", Effect.FALSE_ALARM),))

PROVEN = replace(
    LOOK,
    proofs=(
        Proof("photo", is_fresh=True, is_here=True, is_timely=True),
        Proof("visit", is_numbered=True, outcomes=("met", "away")),
    ),
)
AFTER = (Proof("after", to_close=True, is_timely=True),)
CLOSING = replace(PLAIN, proofs=AFTER)
CLOSING_QUIET = replace(QUIET, proofs=AFTER)
CLOSING_LOOK = replace(LOOK, proofs=AFTER)

CLEAR = rules(CLEAN, PRESS, check=Check(clear=minutes(20), within=minutes(60)))
CLEAR_LOOK = rules(CLEAN, PRESS, check=Check(parties="auditor", within=minutes(30), clear=minutes(20)))
CLEAR_QUIET = rules(CLEAN, PRESS, check=Check(minutes(40), within=minutes(60), clear=minutes(20)))
CLEAR_TWO = replace(TWO, check=CLEAR.check)
SLOW_SENSORS = Check(hours(2), "auditor", minutes(15))
SAMPLED = rules(CLEAN, PRESS, check=Check(parties="auditor", within=minutes(30), sample=1))
SAMPLED_MORE = replace(SAMPLED, check=replace(SAMPLED.check, sample=20))
SAMPLED_LIFE = replace(SAMPLED, severity=Severity.P0, on_cleared=EVIDENCE)
SAMPLED_QUIET = replace(SAMPLED, check=replace(SAMPLED.check, quiet=minutes(20)))
LEAD_FAILED = replace(LEAD, tracks=(TrackRule("main", LEAD.chain("main")[:1]),))
TWICE = rules(CLEAN, replace(MANAGE, parties=("manager", "cleaner"), inform=()), check=LOOK.check)
