"""What sensors may report, by their kind: the sample street's for the bundled plugins, and those of the seeds' own."""

from __future__ import annotations

from random import Random
from typing import Any

Content = tuple[str, dict[str, Any]]

IMAGE = "https://pictures.example/1.jpg"
"""Where a picture is that an event speaks of, for as long as media are kept."""


def content(kind: str, chance: Random) -> Content:
    """The type and data of one event that a device of this kind may send."""
    return _OF_KIND[kind](chance)


def _sensor(chance: Random) -> Content:
    kind = chance.choice(("sim.reading", "sim.reading", "sim.reading", "sim.beat", "sim.unheard"))
    if kind == "sim.beat":
        return kind, {"load": chance.randrange(100)}
    picture = {"image": IMAGE} if chance.random() < 0.3 else {}
    return kind, {"value": chance.choice((5, 20, 50, 75, 85, 98, 99)), **picture}


def _bin(chance: Random) -> Content:
    return "waste.bin.level", {"fill_percent": chance.choice((3, 40, 82, 93, 99)), "category": "dry"}


def _drop_point(chance: Random) -> Content:
    confidence = {"confidence": chance.choice((0.5, 0.8, 0.95))}
    kind = chance.choice(("litter.seen", "litter.seen", "litter.gone", "drop.unsorted", "drop.off_window"))
    return f"waste.{kind}", confidence


def _camera(chance: Random) -> Content:
    where = chance.choice(("corridor", "stairwell", "exit", "fire_lane", "dwelling", "lift", "lobby"))
    told = {"where": where, "confidence": chance.choice((0.6, 0.9, 0.97)), "image": IMAGE}
    activity = chance.choice(("parking", "charging", "flying_wire", "entering"))
    return chance.choice((("ebike.seen", {**told, "activity": activity}), ("ebike.gone", told)))


def _pile(chance: Random) -> Content:
    status = chance.choice(("ok", "ok", "overload", "overtemp", "offline"))
    return "ebike.pile", {"status": status, "celsius": chance.choice((30, 65, 95)), "smoke": chance.random() < 0.1}


def _alarm(kind: str) -> Any:
    return lambda chance: (kind, {"alarm": chance.random() < 0.6, "test": chance.random() < 0.2})


_OF_KIND: dict[str, Any] = {
    "sensor": _sensor,
    "bin": _bin,
    "drop_point": _drop_point,
    "camera": _camera,
    "charging_pile": _pile,
    "smoke": _alarm("care.smoke"),
    "gas": _alarm("care.gas"),
    "sos": lambda _: ("care.sos", {}),
    "pir": lambda _: ("care.motion", {}),
    "door": lambda chance: ("care.door", {"open": chance.random() < 0.5}),
    "water": lambda chance: ("care.water", {"litres": chance.choice((0.5, 8.0, 400.0))}),
    "gateway": lambda chance: ("care.device", {"status": chance.choice(("online", "offline", "fault"))}),
}
KINDS = frozenset(_OF_KIND)
BEATING = {"sensor": "sim.beat", "pir": "care.motion", "water": "care.water"}
"""Kinds of sensors that are heard of again and again, and the type of what they then send."""


def beat(kind: str, number: int) -> Content:
    """What such a sensor sends the ``number``-th time."""
    data = {"sim.beat": {"load": number}, "care.water": {"litres": 5.0}}
    return BEATING[kind], data.get(BEATING[kind], {})
