"""A reported fact: the CloudEvents 1.0 envelope, and the typed data a scenario reads from it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Self

import orjson
from pydantic import BaseModel, ConfigDict


class Envelope(NamedTuple):
    """One CloudEvent as it was received and checked.

    ``time`` is when the thing happened (``None``: the sender did not say); ``data`` is a JSON value, ``bytes`` or
    ``None``; ``place``, ``sequence`` and ``received`` are the extension attributes this system reads; ``body`` is the
    whole envelope as the JSON text that is stored, unknown attributes and data fields included.
    """

    id: str
    source: str
    type: str
    subject: str | None
    time: datetime | None
    data: object
    place: str | None
    sequence: str
    received: datetime | None
    body: bytes


class Privacy(StrEnum):
    """How carefully a field of an event must be read.

    ``SENSITIVE`` follows the Personal Information Protection Law (PIPL), article 28: health, whereabouts, biometrics.
    Mark a field with ``Annotated[str, Privacy.PERSONAL]``.
    """

    PERSONAL = "personal"
    SENSITIVE = "sensitive"


class Event(BaseModel):
    """The typed data of one event type; subclass it with ``class BinLevel(Event, type="waste.bin.level")``.

    Fields are the members of the CloudEvent's ``data``; ``id``, ``source``, ``subject``, ``time`` and ``place`` of the
    envelope are read through ``event.envelope`` or, for the two that rules use most, ``event.subject`` and
    ``event.at``.
    Unknown members of the data are ignored here and kept in the stored envelope. ``by_people=True`` says that people
    report this, and no device does: the share of smart discovery is counted by it.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")
    type: ClassVar[str] = ""
    by_people: ClassVar[bool] = False
    __slots__ = ("_at", "_envelope")
    if TYPE_CHECKING:
        _at: datetime
        _envelope: Envelope

    def __init_subclass__(cls, type: str = "", by_people: bool | None = None, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if type:
            cls.type = type
        if by_people is not None:
            cls.by_people = by_people

    @classmethod
    def read(cls, envelope: Envelope, at: datetime) -> Self:
        """Validate the envelope's data against this type; ``at`` is the fact's time.

        Raises ``pydantic.ValidationError`` when the data does not fit.
        """
        data = envelope.data
        # What model_validate does once it has looked at options that are not given here.
        event: Self = cls.__pydantic_validator__.validate_python({} if data is None else data)
        object.__setattr__(event, "_envelope", envelope)
        object.__setattr__(event, "_at", at)
        return event

    @property
    def envelope(self) -> Envelope:
        """The CloudEvent this was read from. Raises ``AttributeError`` for an event built by hand."""
        return self._envelope

    @property
    def subject(self) -> str:
        """What the event is about: a device, a drop point, a household; empty when the sender named nothing."""
        return self.envelope.subject or ""

    @property
    def at(self) -> datetime:
        """When the thing happened; the time of receipt where the sender gave none."""
        return self._at

    @classmethod
    def private_fields(cls) -> Mapping[str, Privacy]:
        """The fields marked personal or sensitive."""
        return {
            name: mark
            for name, field in cls.model_fields.items()
            for mark in field.metadata
            if isinstance(mark, Privacy)
        }


def digest_of(envelope: Envelope) -> bytes:
    """A short hash of what an event says, by which a repeated one is told from a contradicting one.

    When it was delivered is left out: it differs between deliveries of the same event.
    """
    body = envelope.body
    if envelope.received is not None:
        content = orjson.loads(body)
        content.pop("received", None)
        body = orjson.dumps(content)
    return blake2b(body, digest_size=16).digest()
