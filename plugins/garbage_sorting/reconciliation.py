"""Do the weights add up (数据对比): point, compaction station, transfer station, terminal, by day and category."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime, time, timedelta
from hashlib import blake2b
from typing import Annotated, Final, cast

from pydantic import Field

from civicloop import (
    EVIDENCE,
    MEDIUM,
    SMALL,
    Check,
    Cleared,
    Config,
    Context,
    Effect,
    Expect,
    Finding,
    Level,
    Outcome,
    Scenario,
    Severity,
    Step,
    read_texts,
    work_days,
    work_hours,
)

from .balance import CATEGORIES, Books, Gap, Tolerance, Weighing, first_gap, postings
from .events import Category, HaulWeighed, NodeWeighed

CLOSING: Final = "closing"
"""The watchdog that closes the books of a day, and looks into them again for a while."""

LABELS: Final = {"dry": "干 dry", "wet": "湿 wet", "recyclable": "可回收 recyclable", "hazardous": "有害 hazardous"}


class ReconciliationConfig(Config):
    """What may lie apart, where vehicles go, and when a day's books are closed."""

    tolerance_percent: Annotated[float, Field(ge=0, le=100)] = Field(
        default=3,
        description="Percent of the larger side by which two sides of a link may differ. Our assumption; that weights "
        "are compared is practice in Pudong.",
    )
    tolerance_kg: Annotated[float, Field(ge=0)] = Field(
        default=50,
        description="Kilograms by which two sides of a link may differ, where that is more. Our assumption.",
    )
    unweighed_kg: Annotated[float, Field(ge=0)] = Field(
        default=500,
        description="Kilograms a vehicle loaded and nobody weighed in, from which it is asked where they are; less is "
        "taken for a forgotten weighing. Our assumption.",
    )
    routes: dict[str, str] = Field(
        default={},
        description="Where vehicles take what they collect: vehicle = node. Then all its vehicles are summed up at the "
        "node; a vehicle without a route is compared by itself. Our assumption.",
    )
    closing_hours: Annotated[int, Field(ge=0, le=72)] = Field(
        default=6,
        description="Hours after midnight at which the books of the day before are closed. Our assumption: night "
        "hauling and late uploads are in by then.",
    )
    recheck_hours: Annotated[int, Field(ge=1, le=168)] = Field(
        default=12,
        description="Hours between further looks into closed books, for weighings that come late. Our assumption.",
    )
    open_days: Annotated[int, Field(ge=0, le=31)] = Field(
        default=7,
        description="Days after closing during which late weighings are still looked at. Our assumption.",
    )


class Reconciliation(Scenario[HaulWeighed | NodeWeighed, Books]):
    """One case per node, category and day: which link leaks, by how much, and what it turned into.

    A weighing is booked at every node it speaks of, and in the books of every category there, so that a category that
    was received as another is seen (``balance``). Nothing is judged before the day's books are closed.
    """

    name = "garbage_sorting.reconciliation"
    severity = Severity.P3
    on_cleared = EVIDENCE
    chain = (
        Step("steward", "data_steward", accept=work_hours(4), finish=work_days(1), loop=SMALL),  # [A]
        Step("bureau", "greening_sanitation_bureau", accept=work_days(1), finish=work_days(3), loop=MEDIUM),  # [A]
    )
    outcomes = {"data_fault": Effect.DONE, "explained": Effect.DONE, "loss_confirmed": Effect.FAILED}
    check = Check(parties=("ops_center", "sanitation_station"), within=work_days(2))
    texts = read_texts(__file__)
    config: ReconciliationConfig

    def key(self, event: HaulWeighed | NodeWeighed, context: Context[Books]) -> Iterable[str]:
        """Node, category and the day on the street's own clock: all categories of each node the weighing speaks of."""
        day = event.at.astimezone(context.zone).date()
        return [f"{node}:{name}:{day}" for node in postings(event, self.config.routes) for name in CATEGORIES]

    def assess(self, event: HaulWeighed | NodeWeighed, context: Context[Books]) -> Iterable[Outcome]:
        """Book it, and have the books looked into at their closing; one that comes after it has them opened again."""
        node, _, day = context.key.rsplit(":", 2)
        measure, peer = postings(event, self.config.routes)[node]
        weighing = Weighing(measure, event.category, event.kg, event.at.timestamp())
        context.memory.enter(_ticket(event), weighing, peer)
        yield Expect(CLOSING, by=self._closing(day, context))

    def overdue(self, expectation: Expect, context: Context[Books]) -> Iterable[Outcome]:
        """The books are closed: say what does not add up, once; and say so when late weighings put it right."""
        node, category, day = context.key.rsplit(":", 2)
        config, books = self.config, context.memory
        tolerance = Tolerance(config.tolerance_percent, config.tolerance_kg, config.unweighed_kg)
        gap = first_gap(books, node, cast(Category, category), tolerance)
        found = _summary(gap, tolerance) if gap else ""
        if gap is None and books.found:
            yield Cleared()
        elif gap is not None and found != books.found:
            yield self._finding(gap, category, day, context)
        books.found = found
        again = (expectation.by or context.now) + timedelta(hours=config.recheck_hours)
        if again <= self._closing(day, context) + timedelta(days=config.open_days):
            yield Expect(CLOSING, by=again)

    def _closing(self, day: str, context: Context[Books]) -> datetime:
        midnight = datetime.combine(date.fromisoformat(day) + timedelta(days=1), time(), context.zone)
        return midnight + timedelta(hours=self.config.closing_hours)

    def _finding(self, gap: Gap, category: str, day: str, context: Context[Books]) -> Finding:
        street = context.enclosing(Level.STREET)
        return Finding(
            gap.message,
            place=street.code if street else None,
            link=gap.link,
            category=LABELS[category],
            day=day,
            left_kg=round(gap.left),
            came_kg=round(gap.came),
            gap_kg=round(abs(gap.left - gap.came)),
            flipped=LABELS.get(gap.flipped, "-"),
        )


def _ticket(event: HaulWeighed | NodeWeighed) -> str:
    """By what a weighing is known again: the scale's own number, else the event's id."""
    envelope = event.envelope
    text = "\0".join((envelope.source, event.subject, envelope.sequence or f"#{envelope.id}"))
    return blake2b(text.encode(), digest_size=6).hexdigest()


def _summary(gap: Gap, tolerance: Tolerance) -> str:
    """What was found, as far as it matters: another weight within the tolerance is the same finding."""
    step = tolerance.of(gap.left, gap.came) or 1
    return f"{gap.message} {gap.link} {gap.flipped} {round((gap.left - gap.came) / step)}"
