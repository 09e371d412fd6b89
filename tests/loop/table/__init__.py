"""The decision table: what becomes of a case, one row for each branch of the loop, refusals and no-ops included.

A row tells a story under some rules (see rules.py; minutes since the opening, and what was heard), then gives one more
thing. It expects the decision's reason, the lines of the journal (reason, step, party), the notices (kind, party, the
number of the order that is named), and the case as it stands afterwards (see show.py). A file is a chapter.
"""

from . import answers, checks, clocks, dispatch, evidence, facts, requests, steering, tracks

TABLE = (
    *facts.ROWS,
    *clocks.ROWS,
    *answers.ROWS,
    *dispatch.ROWS,
    *requests.ROWS,
    *checks.ROWS,
    *evidence.ROWS,
    *tracks.ROWS,
    *steering.ROWS,
)
