"""Pickups that did not come (清运不及时): the hauler at once."""

from __future__ import annotations

from collections.abc import Iterable

from civicloop import (
    EVIDENCE,
    SMALL,
    Check,
    Cleared,
    Config,
    Context,
    Finding,
    Outcome,
    Scenario,
    Severity,
    Step,
    hours,
    minutes,
    read_texts,
)

from .chain import DISTRICT
from .events import HaulMissed, HaulWeighed


class MissedPickup(Scenario[HaulMissed | HaulWeighed]):
    """The hauler, who must come daily for wet and by schedule for the others (article 29), did not come.

    That a vehicle weighs this category at the point afterwards is evidence; people at the point confirm it.
    """

    name = "garbage_sorting.missed_pickup"
    severity = Severity.P3
    on_cleared = EVIDENCE
    chain = (
        Step("haul", "hauler", accept=minutes(15), finish=hours(4)),  # [A]; [P] component class 0304, "haul late"
        Step(
            "street",
            ("ops_center", "sanitation_station"),
            accept=minutes(30),  # [A]
            finish=hours(12),  # [A], the third bucket of the overflow that follows
            from_opening=True,
            loop=SMALL,
        ),
        DISTRICT,
    )
    check = Check(parties=("property_company", "ops_center"), within=hours(12))
    texts = read_texts(__file__)
    config: Config

    def key(self, event: HaulMissed | HaulWeighed, context: Context) -> str | None:
        """The drop point and the category; nothing for what is weighed further down the road."""
        if isinstance(event, HaulMissed):
            return f"{event.subject}:{event.category}"
        return f"{event.origin}:{event.category}" if event.origin and event.kind == "point" else None

    def assess(self, event: HaulMissed | HaulWeighed, context: Context) -> Iterable[Outcome]:
        """Missed until it is collected."""
        if isinstance(event, HaulMissed):
            yield Finding(f"missed_{event.category}", point=event.subject)
        else:
            yield Cleared()
