"""What a week with crashes must have in common with the same week without them.

**Every seed** must keep the laws, with crashes and without.

**A seed that only dies and is back at once** (no bad disk, no absence): nothing but the crashes differs, and they may
leave no trace. Senders repeat what was not answered, at the same instant, so everything that was decided is the same
to the microsecond: the journal line by line with its times, the cases, the stored events with their times of receipt,
the memories and armed watchdogs, the quarantine, the hashes of evidence and the conduct of seats, and every notice
that is owed with its key and its contents. From this follows that no acknowledged event is lost, no case is opened
twice, and each deadline fires once. What may differ is how often a notice was tried and when it arrived: a crash after
sending and before marking sends it again, under the same key, which is what "at least once" means. So the states of
the outbox are not compared, nor the words that ops are owed because a notice died (``.undelivered``), which follow
from the tries. The numbers of rows differ as well, where a turn was begun twice.

**A seed with absences or bad disks**: deadlines fire late, watchdogs are shifted by the absence, and people answer to
another state of affairs; its decisions are its own. Equal must be what the sensors are owed: every fact that was
stored in the calm week is stored in the other, once, in the same state. Where the daemon's clock was set wrong even
this may differ, because a fact that waits meets another clock; such a seed is held to the laws alone.
"""

from __future__ import annotations

from typing import Any

from .happenings import Happening, SetClock
from .people import SENSORS
from .script import may_differ
from .stored_laws import must
from .week import Outcome

OF_CRASHES = ("crashes leave", "no fact is lost")
"""How the laws begin that compare two weeks."""


def must_agree(history: list[Happening], crashed: Outcome, calm: Outcome) -> None:
    """Hold the week with crashes against the calm one. Raises ``LawBrokenError``."""
    if not may_differ(history):
        for name, rows in calm.tables.items():
            _same(name, crashed.tables[name], rows)
    elif not any(isinstance(one, SetClock) for one in history):
        missing = _facts(calm) - _facts(crashed)
        must(not missing, "no fact is lost by a crash", str(sorted(missing)[:5]))


def _same(table: str, crashed: list[Any], calm: list[Any]) -> None:
    law = f"crashes leave no trace in table {table}"
    for number, (one, other) in enumerate(zip(crashed, calm, strict=False)):
        must(one == other, law, f"row {number}:\n  crashed {one}\n  calm    {other}")
    must(len(crashed) == len(calm), law, f"{len(crashed)} rows, and {len(calm)} in the calm week")


def _facts(outcome: Outcome) -> set[tuple[str, str]]:
    return {(row[0], row[5]) for row in outcome.tables["event"] if row[1] == SENSORS}
