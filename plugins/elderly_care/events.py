"""What the sensors of an elder's home report, and what people say about who is at home.

Members of the data that are not listed here are ignored by the scenarios and kept in the stored event. When somebody
comes, goes, sleeps or draws water tells how they live: such fields are sensitive (PIPL articles 28 and 31).
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, Field

from civicloop import Event, Privacy

Status = Literal["online", "offline", "fault", "low_battery"]


class Door(Event, type="care.door"):
    """The entrance door was opened or closed (门磁). Subject: the device."""

    open: Annotated[bool, Field(strict=True), Privacy.SENSITIVE]


class Motion(Event, type="care.motion"):
    """Somebody moved (红外). Subject: the device."""


class Water(Event, type="care.water"):
    """Water was drawn (水管家); ``litres`` where the meter tells. Subject: the device."""

    litres: Annotated[float | None, Field(ge=0, le=100_000), Privacy.SENSITIVE] = None


class Bed(Event, type="care.bed"):
    """Somebody lay down or got up (床垫). Subject: the device."""

    occupied: Annotated[bool, Field(strict=True), Privacy.SENSITIVE]


class SmokeSensor(Event, type="care.smoke"):
    """A smoke detector raises its alarm, or ends it (烟感). Subject: the device."""

    alarm: Annotated[bool, Field(strict=True)]
    test: Annotated[bool, Field(strict=True)] = False


class GasSensor(Event, type="care.gas"):
    """A gas detector raises its alarm, or ends it (燃气报警). Subject: the device."""

    alarm: Annotated[bool, Field(strict=True)]
    test: Annotated[bool, Field(strict=True)] = False


class SosPress(Event, type="care.sos"):
    """Somebody calls for help with a button or a pull cord (一键呼叫). Subject: the device."""


class DeviceReport(Event, type="care.device"):
    """How a device is, from itself or from its platform. Subject: the device."""

    status: Status


class Away(Event, type="care.away", by_people=True):
    """Nobody will be at home: with family, in hospital, travelling. Subject: the household."""

    until: Annotated[AwareDatetime | None, Privacy.SENSITIVE] = None
    reason: Annotated[str, Field(max_length=200), Privacy.SENSITIVE] = ""


class Back(Event, type="care.back", by_people=True):
    """The elder is at home again. Subject: the household."""


Report = Door | Motion | Water | Bed | SmokeSensor | GasSensor | SosPress | DeviceReport
"""The events by which a device of the kit is heard of."""

SENSED = (Door, Motion, Water, Bed, SmokeSensor, GasSensor, SosPress)
"""The events by which a device shows that it works."""
