"""How often a camera was right, learnt from how its cases end; one that is often wrong is confirmed first, and told of.

Only what people have verified counts: a result that stands, a review that let a case through to the authority, or a
denial. A case that ended because the camera itself saw nothing more says nothing about the camera.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Any, Final

from pydantic import BaseModel, Field

from civicloop import (
    CLOSE,
    MEDIUM,
    SMALL,
    CaseClosed,
    Check,
    Cleared,
    Config,
    Context,
    Finding,
    Memory,
    Outcome,
    Scenario,
    Severity,
    Step,
    days,
    read_texts,
    work_days,
)

from .chain import DECISIONS

JUDGED: Final = frozenset(
    f"ebike_charging.{breach}"
    for breach in ("corridor", "flying_wire", "fire_lane", "crowded_place", "dwelling", "lift")
)
"""The scenarios whose cases say how good a camera is. A danger to life is never weighed."""

RIGHT: Final = frozenset({"done", *DECISIONS})


class PrecisionConfig(Config):
    """From when on a camera counts as noisy."""

    verdicts_max: Annotated[int, Field(ge=5, le=200)] = Field(
        default=50, description="How many of the latest verified cases of a camera count. Our assumption."
    )
    prior_percent: Annotated[int, Field(ge=0, le=100)] = Field(
        default=90,
        description="How often, in percent, a camera nobody knows yet is taken to be right. Our assumption.",
    )
    prior_cases: Annotated[int, Field(ge=0, le=200)] = Field(
        default=10,
        description="How many cases that first belief weighs; with 10, three denials in a row make a new camera noisy. "
        "Our assumption.",
    )
    noisy_below_percent: Annotated[int, Field(ge=1, le=100)] = Field(
        default=70, description="Right less often than this, in percent, a camera is noisy. Our assumption."
    )
    good_from_percent: Annotated[int, Field(ge=1, le=100)] = Field(
        default=80, description="Right at least this often, in percent, it is so no longer. Our assumption."
    )


class Verdict(BaseModel):
    """How one case of a camera ended: the label that its detector is tuned with."""

    case: str
    message: str
    is_right: bool


class Record(Memory):
    """The latest verdicts on a camera, oldest first. No personal data: cases by id, no household."""

    verdicts: tuple[Verdict, ...] = ()


def verdict_on(closed: CaseClosed) -> bool | None:
    """Whether people found the camera right; ``None`` where nobody has said so."""
    if closed.result == "false_alarm":
        return False
    # Nothing comes to the authorities' loop without a review that has found the evidence true.
    return True if closed.result in RIGHT or closed.loop >= MEDIUM else None


class CameraPrecision(Scenario[CaseClosed, Record]):
    """A camera, a lift's or a meter's recognition that is wrong too often. Its case is open as long as it is."""

    name = "ebike_charging.camera_precision"
    severity = Severity.P3
    on_cleared = CLOSE
    chain = (
        Step("tune", ("data_steward", "device_vendor"), accept=work_days(1), finish=work_days(5), inform="ops_center"),
        Step("supervise", "ops_center", accept=work_days(1), finish=work_days(10), loop=SMALL),
    )
    check = Check(parties="ops_center", within=days(3))
    texts = read_texts(__file__)
    config: PrecisionConfig

    @classmethod
    def is_noisy(cls, device: str, context: Context[Any]) -> bool:
        """Whether this device is known to be wrong too often just now, as its open case says."""
        case = context.find_case(f"{cls.name}/{device}")
        return case is not None and case.is_open

    def key(self, event: CaseClosed, context: Context[Record]) -> str | None:
        """The device that raised the case; of our own cases, the device they are about."""
        if event.scenario == self.name:
            return event.key
        return str(event.variables.get("device", "")) if event.scenario in JUDGED else None

    def assess(self, event: CaseClosed, context: Context[Record]) -> Iterable[Outcome]:
        """One verdict more. A camera that was put right begins afresh."""
        record, config = context.memory, self.config
        if event.scenario == self.name:
            record.verdicts = () if event.result == "done" else record.verdicts
            return
        is_right = verdict_on(event)
        if is_right is None:
            return
        verdict = Verdict(case=event.case, message=event.message, is_right=is_right)
        record.verdicts = (*record.verdicts, verdict)[-config.verdicts_max :]
        percent = self.percent(record)
        if percent < config.noisy_below_percent:
            right = sum(one.is_right for one in record.verdicts)
            place = (context.building or context.place).code
            total = len(record.verdicts)
            yield Finding(
                "camera_noisy", place=place, device=context.key, right=right, total=total, percent=round(percent)
            )
        elif percent >= config.good_from_percent:
            yield Cleared()

    def percent(self, record: Record) -> float:
        """How often it is right, in percent, with what is believed of a camera that nobody knows yet."""
        config = self.config
        right = sum(one.is_right for one in record.verdicts) * 100 + config.prior_percent * config.prior_cases
        total = len(record.verdicts) + config.prior_cases
        return right / total if total else 100.0
