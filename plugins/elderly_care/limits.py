"""What a street sets about silence: what counts as a sign of life, how long silence may last, when somebody calls."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import Annotated, Final
from zoneinfo import ZoneInfo

from pydantic import Field, ValidationInfo, field_validator

from civicloop import Config

COUNTED_DAYS_MAX: Final = 400
"""How many days a limit of waking hours is counted over before its settings are called impossible."""

Hours = Annotated[int, Field(ge=1, le=24 * 14)]
Days = Annotated[int, Field(ge=1, le=366)]


class SignsConfig(Config):
    """What counts as a sign of life, and which absences are believed."""

    litres_min: Annotated[float, Field(ge=0, le=1000)] = Field(
        default=0.5,
        description="Less water than this in one event, in litres, is a dripping tap and no sign of life; where the "
        "sensor does not tell, any event is one. Our assumption: a glass of water and rinsing it.",
    )
    settle_minutes: Annotated[int, Field(ge=1, le=240)] = Field(
        default=30,
        description="Something that moves within so many minutes after the entrance door shows that somebody is at "
        "home. Later than that it takes two different sensors, as one alone may have been the sun or a curtain. Our "
        "assumption; on three recorded homes 30 and 60 do alike, and 15 raise more false alarms.",
    )
    away_days: Days = Field(
        default=7,
        description="How long an absence without an end is believed, in days. Our assumption: a week's stay.",
    )
    away_days_max: Days = Field(
        default=90,
        description="No absence is believed for longer than this, in days, whatever its end. Our assumption.",
    )
    gateway_hours: Hours = Field(
        default=72,
        description="A lost gateway accounts for the silence of the homes behind it for so many hours from their last "
        "sign on; then somebody looks after them all the same. Our assumption: its own case has climbed by then.",
    )


class SilenceConfig(SignsConfig):
    """How long silence indoors may last: the profile rule, and the learned one on top of it."""

    silence_hours: Hours = Field(
        default=12,
        description="Hours without a sign of life before somebody goes and looks, as long as the household's rhythm is "
        "not known, and never more than this afterwards. Practice: no movement for 12 h (Putuo) or 24 h (Changning); "
        "less than 10 litres of water in 12 h (Changning, Shenzhen Longgang).",
    )
    out_hours: Hours = Field(
        default=48,
        validate_default=True,
        description="The same, in natural hours, where the resident may have gone out; elderly_care.away_call has "
        "telephoned long before. Practice: no door record for 48 h (Putuo Zhenru), door not opened for 24 h "
        "(Changning).",
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
    rhythm: bool = Field(
        default=True,
        description="Learn the household's own rhythm and judge silence by it. Measured on three recorded homes in "
        "docs/no-sign-of-life.md. false: the profile rule only.",
    )
    learn_days: Annotated[int, Field(ge=3, le=28)] = Field(
        default=10,
        description="Days by the profile rule before the rhythm is trusted. Our assumption; measured with 5 and 10.",
    )
    missed_half_hours: Annotated[float, Field(ge=1, le=24)] = Field(
        default=6.5,
        description="How sensitive the learned rule is: so many half-hours in which the household would have moved, by "
        "its own days, may pass without a sign. Less finds a fall sooner and raises more false alarms; the curve is in "
        "docs/no-sign-of-life.md.",
    )
    quiet_hours_min: Annotated[int, Field(ge=1, le=24)] = Field(
        default=5,
        validate_default=True,
        description="The learned rule never alarms sooner than this, in hours: a long nap, a film, or an errand that "
        "the door did not tell. Our assumption; measured with 3 to 6.",
    )
    again_hours: Hours = Field(
        default=12,
        description="After an alarm, and after its case was closed by people, the same rule keeps quiet about the same "
        "elder for this many hours. Practice: the same elder and rule are suppressed for 12 h.",
    )

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

    def waking(self, start: datetime, span: timedelta, zone: ZoneInfo) -> datetime:
        """When ``span`` of waking time, counted from ``start`` (UTC), is used up; a window's end is within it."""
        if self.waking_from_hour == 0 and self.waking_until_hour == 24:
            return start + span
        day = start.astimezone(zone).date()
        for _ in range(COUNTED_DAYS_MAX):
            midnight = datetime.combine(day, time(), zone)
            opens = (midnight + timedelta(hours=self.waking_from_hour)).astimezone(UTC)
            closes = (midnight + timedelta(hours=self.waking_until_hour)).astimezone(UTC)
            begins = max(start, opens)
            if begins < closes:
                if begins + span <= closes:
                    return begins + span
                span -= closes - begins
            day += timedelta(days=1)
        raise ValueError(f"{span} of waking time are not over within {COUNTED_DAYS_MAX} days")


class CallConfig(SignsConfig):
    """When somebody who has probably gone out is telephoned."""

    call_hours: Hours = Field(
        default=13,
        description="Hours without a sign before somebody who may have gone out is telephoned: longer than an outing. "
        "Our assumption; practice knows 24 h without the door (Changning), and on three recorded homes 13 h are 4 "
        "calls in 31 days.",
    )
    gateway_hours: Hours = Field(
        default=24,
        description="Behind a lost gateway nobody is heard of, wherever they are: so many hours after their last sign "
        "somebody telephones, once a day until the gateway is back. Our assumption, from the 24 h without movement of "
        "Changning.",
    )
    again_hours: Hours = Field(
        default=24,
        description="After a call, and after its case was closed by people, nobody calls the same elder again for this "
        "many hours. Our assumption: once a day.",
    )
