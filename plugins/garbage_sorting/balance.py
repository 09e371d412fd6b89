"""The books of one node on one day: what was weighed where, and which link does not add up.

Every weighing is booked where it speaks: what a vehicle loaded, what a node took in, what somebody else took in from
it. A link is two of these that must be equal; the order of the links is the way of the garbage.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, Literal, NamedTuple

from civicloop import Memory

from .events import Category, HaulWeighed, NodeWeighed

CATEGORIES: Final[tuple[Category, ...]] = ("dry", "wet", "recyclable", "hazardous")

Measure = Literal["sent", "received", "taken", "entered", "loaded", "arrived"]
"""What a weighing says of a node.

``sent``: loaded by a vehicle whose route ends here; ``received``: weighed in here from such a vehicle, or from nobody
named; ``entered``: weighed in here from elsewhere; ``taken``: loaded by this vehicle itself; ``loaded``: taken away
from here by a vehicle; ``arrived``: weighed in elsewhere as coming from here.
"""

STOCK: Final[tuple[Measure, ...]] = ("taken", "entered", "received")
WEIGHINGS_MAX: Final = 600
"""How many weighings of a node and day are known one by one; of more, the oldest only as a sum."""

PEERS_MAX: Final = 5


class Weighing(NamedTuple):
    """One weighing in the books; ``at`` in seconds tells a correction from a copy that is late."""

    measure: Measure
    category: Category
    kg: float
    at: float


class Books(Memory):
    """All weighings that speak of one node on one day, whatever their category, and what was found last."""

    weighings: dict[str, Weighing] = {}
    sums: dict[str, float] = {}
    peers: dict[Measure, tuple[str, ...]] = {}
    found: str = ""

    def enter(self, name: str, weighing: Weighing, peer: str) -> None:
        """Book a weighing under its name; the same name again replaces it where it is newer, else it is a copy."""
        known = self.weighings.get(name)
        if known is not None and known.at >= weighing.at:
            return
        self.weighings[name] = weighing
        peers = self.peers.get(weighing.measure, ())
        if peer not in peers and len(peers) < PEERS_MAX:
            self.peers[weighing.measure] = tuple(sorted((*peers, peer)))
        if len(self.weighings) > WEIGHINGS_MAX:
            oldest = min(self.weighings, key=lambda one: (self.weighings[one].at, one))
            gone = self.weighings.pop(oldest)
            column = f"{gone.measure}:{gone.category}"
            self.sums[column] = self.sums.get(column, 0.0) + gone.kg

    def kg(self, measures: Iterable[Measure], category: Category) -> float:
        """The weight of a category under these measures."""
        wanted = tuple(measures)
        listed = sum(one.kg for one in self.weighings.values() if one.measure in wanted and one.category == category)
        return listed + sum(self.sums.get(f"{measure}:{category}", 0.0) for measure in wanted)

    def has(self, measures: Iterable[Measure]) -> bool:
        """Whether anything at all was weighed under one of these measures; if not, its scale says nothing."""
        return any(measure in self.peers for measure in measures)


class Tolerance(NamedTuple):
    """How far two sides of a link may lie apart, and how much may stay unweighed."""

    percent: float
    kg: float
    unweighed_kg: float

    def of(self, one: float, other: float) -> float:
        """The larger of the share of the larger side, and the fixed weight."""
        return max(self.percent / 100 * max(one, other), self.kg)


class Gap(NamedTuple):
    """What does not add up: the text that says so, the link, both weights, and the category it turned up as."""

    message: str
    link: str
    left: float
    came: float
    flipped: str = ""


def postings(event: HaulWeighed | NodeWeighed, routes: dict[str, str]) -> dict[str, tuple[Measure, str]]:
    """The nodes a weighing speaks of: the measure there, and the other node of the link."""
    subject, origin = event.subject, event.origin
    if isinstance(event, HaulWeighed):
        goes_to = routes.get(subject)
        found: dict[str, tuple[Measure, str]] = {goes_to or subject: ("sent" if goes_to else "taken", subject)}
        if origin and event.kind != "point":
            found[origin] = ("loaded", subject)
        return found
    if event.kind == "point":
        return {}
    if origin is None or origin in routes:
        return {subject: ("received", origin or subject)}
    return {subject: ("entered", origin), origin: ("arrived", subject)}


def first_gap(books: Books, node: str, category: Category, tolerance: Tolerance) -> Gap | None:
    """The first link, on the way of the garbage, where this category leaks, appears, or turns into another."""
    leaves: tuple[Measure, ...] = ("loaded",) if books.has(("loaded",)) else STOCK
    links: tuple[tuple[tuple[Measure, ...], tuple[Measure, ...]], ...] = (
        (("sent",), ("received",)),
        (STOCK, ("loaded",)),
        (leaves, ("arrived",)),
    )
    for before, after in links:
        if books.has(before) and (gap := _gap(books, node, category, tolerance, before, after)):
            return gap
    return None


def _gap(
    books: Books,
    node: str,
    category: Category,
    tolerance: Tolerance,
    before: tuple[Measure, ...],
    after: tuple[Measure, ...],
) -> Gap | None:
    link = _link(books, node, before, after)
    left, came = books.kg(before, category), books.kg(after, category)
    if not books.has(after):
        # A scale that is silent proves nothing of a node's own stock; a vehicle's load must turn up somewhere.
        is_lost = after == ("received",) or (after == ("arrived",) and books.has(("taken",)))
        return Gap("not_weighed_in", link, left, came) if is_lost and left >= tolerance.unweighed_kg else None
    if abs(left - came) <= tolerance.of(left, came):
        return None
    others = [other for other in CATEGORIES if other != category]
    short = {other: books.kg(before, other) - books.kg(after, other) for other in others}
    apart = {other: tolerance.of(books.kg(before, other), books.kg(after, other)) for other in others}
    if left < came:
        explained = any(short[other] > apart[other] for other in others)
        return None if explained else Gap("more_came", link, left, came)
    gained = [other for other in others if -short[other] > apart[other]]
    if gained:
        return Gap("category_flipped", link, left, came, min(gained, key=lambda other: (short[other], other)))
    return Gap("weight_lost", link, left, came)


def _link(books: Books, node: str, before: tuple[Measure, ...], after: tuple[Measure, ...]) -> str:
    def names(measures: tuple[Measure, ...]) -> str:
        return ", ".join(sorted({name for measure in measures for name in books.peers.get(measure, ())}))

    if before == ("sent",):
        return f"{names(before)} -> {node}"
    return f"{node} -> {names(after) or '?'}"
