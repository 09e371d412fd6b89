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
    Rules,
    Severity,
    Step,
    TrackRule,
)
from civicloop.core.model.limit import hours, minutes


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
