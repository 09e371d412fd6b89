"""``civicloop.toml``: who the street is, and how its daemon stores, listens, delivers, and limits itself."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from ipaddress import ip_address
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, ValidationInfo, field_validator, model_validator

from .complaint import nearest

Names = Annotated[tuple[str, ...], Field(strict=False)]
"""A list of names in TOML; the names themselves must be texts."""


class Table(BaseModel):
    """A table of the settings: frozen, unknown keys refused, a number never read out of a text."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


def _one_word(text: str) -> str:
    if not text or not text.isprintable() or any(map(str.isspace, text)):
        raise ValueError("it is not one word; write letters, digits, '-' and '_'")
    return text


def _one_line(text: str) -> str:
    if not text.strip() or not text.isprintable():
        raise ValueError("it is empty, or holds line breaks or invisible characters; write one line of text")
    return text


def _zone(name: str) -> str:
    try:
        ZoneInfo(name)
    except (LookupError, ValueError, OSError):
        other = nearest(name, available_timezones(), 'write one like "Asia/Shanghai"')
        raise ValueError(f"it is not the name of an IANA time zone; {other}") from None
    return name


def split_address(address: str) -> tuple[str, int]:
    """``127.0.0.1:8420`` or ``[::1]:8420`` as host and port; raises ``ValueError`` that says how to write one."""
    host, _, port = address.rpartition(":")
    host = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    digits = port.isascii() and port.isdigit() and len(port) <= 5
    if not host or not host.isprintable() or " " in host or not digits or int(port) > 65535:
        raise ValueError('it is not an address; write HOST:PORT, such as "127.0.0.1:8420"')
    return host, int(port)


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach ``host``; a name other than ``localhost`` is not looked up and is not."""
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _address(address: str) -> str:
    split_address(address)
    return address


Word = Annotated[str, AfterValidator(_one_word)]
Line = Annotated[str, AfterValidator(_one_line)]


class StreetTable(Table):
    """``[street]``: ``code`` is its place in places.csv, ``zone`` an IANA time zone, ``language`` that of its texts.

    ``pseudonym_key_file`` (relative to the folder) keys the journal's names of persons; without it they are keyed by
    the street's code, and whoever knows that can test a guess. ``without_roles`` are roles that plugins ask and that
    this street has not.
    """

    code: Word
    name: Line
    zone: Annotated[str, AfterValidator(_zone)]
    language: Literal["zh", "en"] = "zh"
    pseudonym_key_file: Line | None = None
    without_roles: Names = ()


class StoreTable(Table):
    """``[store]``: the database file, relative to the folder."""

    path: Line = "var/civicloop.db"


class ListenTable(Table):
    """``[listen]``: where the daemon takes events and answers."""

    address: Annotated[str, AfterValidator(_address)] = "127.0.0.1:8420"


class Limits(Table):
    """``[limits]``: a bound on everything that could grow.

    ``body_seconds_max`` is how long a body may take on its way, either way; ``idle_seconds_max`` how long a connection
    may go without the whole head of a request, ``connections_max`` how many there may be.
    ``lateness_minutes`` is how long watchdogs of silence wait for late facts, after a start as well;
    ``future_minutes_max`` how far ahead of the clock an event may be; ``dedupe_days`` how long (source, id) is known;
    ``repeat_hours`` how often an unsolved case is repeated once its chain has ended; ``dispatch_minutes`` how long
    returned work may wait to be sent on (15 in the offices this follows, domain 2.5); ``assess_seconds_max`` how long
    one call of a plugin's code may take; ``memory_mib_max`` how much memory the daemon may hold, 0 for no bound.
    """

    queue_events_max: int = Field(default=10_000, ge=1, le=1_000_000)
    batch_events_max: int = Field(default=1_000, ge=1, le=100_000)
    body_bytes_max: int = Field(default=4 * 2**20, ge=1024, le=64 * 2**20)
    body_seconds_max: int = Field(default=30, ge=1, le=600)
    idle_seconds_max: int = Field(default=75, ge=1, le=3600)
    connections_max: int = Field(default=10_000, ge=1, le=100_000)
    future_minutes_max: int = Field(default=5, ge=0, le=1440)
    lateness_minutes: int = Field(default=10, ge=0, le=1440)
    dedupe_days: int = Field(default=30, ge=30, le=3650)
    repeat_hours: int = Field(default=24, ge=1, le=168)
    dispatch_minutes: int = Field(default=15, ge=1, le=1440)
    delivery_attempts_max: int = Field(default=12, ge=1, le=100)
    assess_seconds_max: int = Field(default=5, ge=1, le=600)
    memory_mib_max: int = Field(default=0, ge=0, le=1_048_576)

    @field_validator("batch_events_max")
    @classmethod
    def _a_batch_fits_the_queue(cls, batch: int, info: ValidationInfo) -> int:
        if batch > info.data.get("queue_events_max", batch):
            raise ValueError("it exceeds queue_events_max; make the queue the larger of the two")
        return batch


class Retention(Table):
    """``[retention]``: for how many days each class of data is kept, at least; a case that is open keeps what it needs.

    ``events_days``: network logs are kept six months or longer (Cybersecurity Law article 21). ``media_days``:
    references to pictures, in the members ``media_fields`` of events' data (30 days of video, Public Security Video
    Regulations article 8); evidence follows its case. ``access_days``: records of processing, three years (PIPL
    article 56). Nothing longer than its purpose needs it (PIPL article 19); ``closed_cases_days`` (five years) and
    ``journals_days`` (ten) are assumptions, to be set as the archives of the street demand.
    """

    events_days: int = Field(default=180, ge=30, le=36500)
    media_days: int = Field(default=30, ge=1, le=36500)
    media_fields: Names = ("image",)
    notices_days: int = Field(default=180, ge=30, le=36500)
    memories_days: int = Field(default=400, ge=30, le=36500)
    quarantine_days: int = Field(default=180, ge=1, le=36500)
    closed_cases_days: int = Field(default=1825, ge=30, le=36500)
    journals_days: int = Field(default=3650, ge=365, le=36500)
    access_days: int = Field(default=1095, ge=180, le=36500)

    @model_validator(mode="after")
    def _nothing_outlives_what_it_hangs_on(self) -> Retention:
        if self.journals_days < self.closed_cases_days:
            raise ValueError(
                "journals_days is less than closed_cases_days; a case has its journal as long as it is kept"
            )
        if self.quarantine_days > self.events_days:
            raise ValueError("quarantine_days exceeds events_days; what waits in quarantine needs its event")
        return self


class Channel(BaseModel):
    """``[channels.NAME]``: its kind, and raw settings that the plugin which brings this kind reads.

    A ``repr`` shows the kind only: the rest may hold keys and secrets.
    """

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    kind: Word

    @property
    def settings(self) -> dict[str, Any]:
        """Everything beside the kind."""
        return dict(self.model_extra or {})

    def __repr_args__(self) -> Iterable[tuple[str | None, Any]]:
        return [("kind", self.kind)]


class Delivery(Table):
    """``[delivery]``: channels, in order, of parties that name none (``default``), of ops, and of commands.

    ``wakes`` is the least grave matter for which quiet hours do not count; for a danger to life they never do.
    """

    default: Names = ("console",)
    ops: Names = ()
    commands: Names = ()
    wakes: Literal["P0", "P1", "P2", "P3"] = "P1"

    @property
    def ops_channels(self) -> tuple[str, ...]:
        """Where notices for ops go: ``ops``, or where it is empty ``default``."""
        return self.ops or self.default

    @property
    def command_channels(self) -> tuple[str, ...]:
        """Where commands to devices go: ``commands``, or where it is empty ``default``."""
        return self.commands or self.default


class Plugin(BaseModel):
    """``[plugins.NAME]``: whether it runs, and one raw table per scenario, which that scenario's own model reads."""

    model_config = ConfigDict(frozen=True, extra="allow", strict=True)

    enabled: bool = True

    @property
    def scenarios(self) -> Mapping[str, Mapping[str, Any]]:
        """The scenarios' tables by short name: their settings, and ``chain`` with overrides by step."""
        return self.model_extra or {}


class Settings(Table):
    """The whole of ``civicloop.toml``."""

    street: StreetTable
    store: StoreTable = StoreTable()
    listen: ListenTable = ListenTable()
    limits: Limits = Limits()
    retention: Retention = Retention()
    channels: dict[str, Channel] = Field(default_factory=dict)
    delivery: Delivery = Delivery()
    plugins: dict[str, Plugin] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _events_are_known_as_long_as_they_must_be(self) -> Settings:
        if self.retention.events_days < self.limits.dedupe_days:
            raise ValueError(
                "retention.events_days is less than limits.dedupe_days; a repeated event is known by the stored one"
            )
        return self
