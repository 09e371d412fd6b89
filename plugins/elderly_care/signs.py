"""Signs of life: what is remembered of a household, and until when silence may last.

Everything remembered is the newest of its kind, so that facts which arrive late or shuffled end in the same memory.
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationInfo, field_validator

from civicloop import Config, Memory

from .events import Away, Back, Door, Motion, Water

Fact = Door | Motion | Water | Away | Back

COUNTED_DAYS_MAX: Final = 400
"""How many days a limit of waking hours is counted over before its settings are called impossible."""

Hours = Annotated[int, Field(ge=1, le=24 * 14)]
Days = Annotated[int, Field(ge=1, le=366)]


class SilenceConfig(Config):
    """How long silence may last. Profiles of other districts are a matter of these settings."""

    silence_hours: Hours = Field(
        default=12,
        description="Hours without a sign of life before somebody goes and looks. Practice: no movement for 12 h "
        "(Putuo) or 24 h (Changning); less than 10 litres of water in 12 h (Changning, Shenzhen Longgang).",
    )
    out_hours: Hours = Field(
        default=24,
        validate_default=True,
        description="The same, in natural hours, where the entrance door was the last thing to move: probably nobody "
        "is at home, but whoever falls behind a closed door sends the same signs. Practice: door not opened for 24 h "
        "(Changning), no door record for 48 h (Putuo Zhenru).",
    )
    waking_from_hour: Annotated[int, Field(ge=0, le=23)] = Field(
        default=0,
        description="silence_hours counts from this hour of the local day, 0 to 23. The default counts day and night, "
        "as the rules in practice do; 7 until 22 raises fewer false alarms and finds a fall in the evening later.",
    )
    waking_until_hour: Annotated[int, Field(ge=1, le=24)] = Field(
        default=24,
        validate_default=True,
        description="silence_hours counts until this hour of the local day, 1 to 24.",
    )
    zone: str = Field(default="Asia/Shanghai", description="IANA time zone of the waking hours and of times in texts.")
    litres_min: Annotated[float, Field(ge=0, le=1000)] = Field(
        default=0.5,
        description="Less water than this in one event, in litres, is a dripping tap and no sign of life; where the "
        "sensor does not tell, any event is one. Our assumption: a glass of water and rinsing it.",
    )
    away_days: Days = Field(
        default=7,
        description="How long an absence without an end is believed, in days. Our assumption: a week's stay.",
    )
    away_days_max: Days = Field(
        default=90,
        description="No absence is believed for longer than this, in days, whatever its end. Our assumption.",
    )
    again_hours: Hours = Field(
        default=12, description="After an alarm the same rule keeps quiet about the same elder for this many hours."
    )

    @field_validator("zone")
    @classmethod
    def _is_a_zone(cls, name: str) -> str:
        try:
            ZoneInfo(name)
        except (LookupError, ValueError, OSError):
            raise ValueError(f"{name!r} is not the name of an IANA time zone; write one like Asia/Shanghai") from None
        return name

    @field_validator("out_hours")
    @classmethod
    def _may_be_longer(cls, out_hours: int, info: ValidationInfo) -> int:
        if out_hours < info.data.get("silence_hours", 0):
            raise ValueError("it is shorter than silence_hours, while whoever is probably out may be silent for longer")
        return out_hours

    @field_validator("waking_until_hour")
    @classmethod
    def _opens_before(cls, until: int, info: ValidationInfo) -> int:
        if until <= info.data.get("waking_from_hour", 0):
            raise ValueError("it is not later than waking_from_hour; write 0 and 24 to count every hour")
        return until

    @property
    def tz(self) -> ZoneInfo:
        """The time zone of the waking hours."""
        return ZoneInfo(self.zone)

    def waking(self, start: datetime, span: timedelta) -> datetime:
        """When ``span`` of waking time, counted from ``start`` (UTC), is used up; a window's end is within it."""
        if self.waking_from_hour == 0 and self.waking_until_hour == 24:
            return start + span
        day = start.astimezone(self.tz).date()
        for _ in range(COUNTED_DAYS_MAX):
            midnight = datetime.combine(day, time(), self.tz)
            opens = (midnight + timedelta(hours=self.waking_from_hour)).astimezone(UTC)
            closes = (midnight + timedelta(hours=self.waking_until_hour)).astimezone(UTC)
            begins = max(start, opens)
            if begins < closes:
                if begins + span <= closes:
                    return begins + span
                span -= closes - begins
            day += timedelta(days=1)
        raise ValueError(f"{span} of waking time are not over within {COUNTED_DAYS_MAX} days")


class Signs(Memory):
    """What a household was last heard of.

    ``inside`` is the newest sign of life indoors, ``door`` of the entrance door, ``back_at`` of a return that somebody
    reported; ``away_at`` when the newest absence was reported and ``away_until`` its end, if it has one. ``newest`` is
    the newest fact of any kind. ``alarm_at`` is the silence of the last alarm, ``is_alarming`` until a sign ends it.
    """

    inside: datetime | None = None
    door: datetime | None = None
    back_at: datetime | None = None
    away_at: datetime | None = None
    away_until: datetime | None = None
    newest: datetime | None = None
    alarm_at: datetime | None = None
    is_alarming: bool = False

    def take(self, fact: Fact, config: SilenceConfig) -> bool:
        """Remember a fact; whether it speaks against an alarm."""
        at = fact.at.astimezone(UTC)
        self.newest = latest(self.newest, at)
        match fact:
            case Door():
                self.door = latest(self.door, at)
            case Back():
                self.back_at = latest(self.back_at, at)
            case Away():
                self._leave(at, fact.until and fact.until.astimezone(UTC))
            case Water() if fact.litres is not None and fact.litres < config.litres_min:
                return False
            case _:
                self.inside = latest(self.inside, at)
        return True

    def is_news(self, at: datetime) -> bool:
        """Whether a fact that was just taken is older neither than any other fact nor than the last alarm."""
        return self.newest == at and (self.alarm_at is None or at >= self.alarm_at)

    def _leave(self, at: datetime, until: datetime | None) -> None:
        if self.away_at is None or at > self.away_at:
            self.away_at, self.away_until = at, until
        elif at == self.away_at:
            self.away_until = latest(self.away_until, until)

    @property
    def last(self) -> datetime | None:
        """The newest sign of life."""
        return latest(self.inside, self.door, self.back_at)

    @property
    def is_probably_out(self) -> bool:
        """Whether the entrance door was the last thing to move."""
        return self.door is not None and self.door == self.last and self.door not in (self.inside, self.back_at)

    def away_end(self, config: SilenceConfig) -> datetime | None:
        """Until when the registered absence is believed; ``None`` when there is none."""
        if self.away_at is None or (self.back_at is not None and self.back_at >= self.away_at):
            return None
        end = self.away_until or self.away_at + timedelta(days=config.away_days)
        return min(end, self.away_at + timedelta(days=config.away_days_max))

    def due(self, config: SilenceConfig) -> datetime | None:
        """Until when silence is no alarm; ``None`` while nothing was ever heard. An alarm begins the count anew."""
        start = latest(self.last, self.away_end(config), self.alarm_at)
        if start is None:
            return None
        if self.is_probably_out:
            due = start + timedelta(hours=config.out_hours)
        else:
            due = config.waking(start, timedelta(hours=config.silence_hours))
        return latest(due, self.alarm_at and self.alarm_at + timedelta(hours=config.again_hours))


def latest(*moments: datetime | None) -> datetime | None:
    """The latest of the moments there are."""
    return max((moment for moment in moments if moment is not None), default=None)
