"""How notices leave: the contract of a channel."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from pydantic import BaseModel, ConfigDict

from ..model.notice import Notice


class Refused(Exception):
    """The receiver will never take this notice: it becomes a dead letter at once instead of being tried again."""


class ChannelConfig(BaseModel):
    """The settings of one ``[channels.NAME]`` table."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class Message(NamedTuple):
    """A notice as it leaves: with its text in the street's language and the contacts of whoever it goes to."""

    notice: Notice
    title: str
    text: str
    contacts: tuple[str, ...]

    @property
    def key(self) -> str:
        """The idempotency key: a notice that is sent twice carries the same one."""
        return self.notice.key


class Channel(Protocol):
    """One way out. It answers only whether a retry makes sense: by returning, ``Refused``, or any other exception."""

    async def send(self, message: Message) -> None:
        """Deliver one message. Raises ``Refused`` when it can never be delivered, anything else to be tried later."""
        ...

    async def close(self) -> None:
        """Let go of connections; safe to call twice."""
        ...


ChannelType = Callable[[Any, Path], Channel]
"""A channel class: called with its validated ``Config`` and the street's folder. It carries its settings model as
``Config``, a ``ChannelConfig``."""


def config_type(channel: ChannelType) -> type[ChannelConfig]:
    """The settings model of a channel class. Raises ``TypeError`` for one that has none."""
    found = getattr(channel, "Config", None)
    if isinstance(found, type) and issubclass(found, ChannelConfig):
        return found
    raise TypeError(f"{channel!r} has no Config; nest class Config(ChannelConfig) in it")
