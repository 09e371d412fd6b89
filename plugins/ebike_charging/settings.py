"""The settings of the scenarios about breaches, each with its unit, its default and where that comes from."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from civicloop import Config

from .routes import Penalty

Share = Annotated[float, Field(ge=0, le=1)]
Minutes = Annotated[int, Field(ge=0, le=10_080)]


class ViolationConfig(Config):
    """When a camera is believed, what makes an alarm a repeated one, and what a denied one means."""

    confidence_min: Share = Field(
        default=0.3,
        description="How sure, 0 to 1, a camera must be to be heard at all. Our assumption.",
    )
    confirm_below: Share = Field(
        default=0.6,
        description="Less sure than this, 0 to 1, a person confirms the alarm before anybody is dissuaded. Practice: "
        "a second review in the back office before the order (Pudong shops); the value is our assumption.",
    )
    denied_hours: Annotated[int, Field(ge=0, le=720)] = Field(
        default=12,
        description="For so many hours after an alarm was denied the same device saying the same again raises none, "
        "unless it was gone meanwhile. Our assumption: what was mistaken stands there until somebody moves it.",
    )
    unseen_minutes: Annotated[Minutes, Field(ge=1)] = Field(
        default=120,
        description="After so many minutes without a sighting the next one is a new alarm. Our assumption: the quiet "
        "span after which a spot counts as cleared.",
    )
    gone_minutes: Minutes = Field(
        default=10,
        description="So many minutes after the camera called it gone the next sighting is a new alarm; sooner, "
        "somebody had only walked through the picture. Our assumption.",
    )
    repeat_memory_days: Annotated[int, Field(ge=1, le=366)] = Field(
        default=90,
        description="How many days an alarm of a household is remembered. Our assumption; the rule itself is practice "
        "at Yanchang estate and Xinhua Road.",
    )
    repeat_at: Annotated[int, Field(ge=2, le=100)] = Field(
        default=2,
        description="From which alarm of the same household on dissuasion is skipped. Practice: the second.",
    )
    voice_kinds: tuple[str, ...] = Field(
        default=("speaker",),
        description="Kinds of devices, registered where the alarm is, that speak to whoever stands there. The person "
        "is warned first: Pudong rules on off-site enforcement, article 15.",
    )
    penalties: tuple[Penalty, ...] = Field(
        default=(),
        description="Fines in yuan, each with its law and from its day on, in place of those of the routing table in "
        "routes.toml.",
    )


class LiftConfig(ViolationConfig):
    """A lift is empty again within minutes, so the next sighting is a new alarm sooner than elsewhere."""

    unseen_minutes: Annotated[Minutes, Field(ge=1)] = Field(
        default=10,
        description="After so many minutes without a sighting the next one is a new alarm. Our assumption: the quiet "
        "span after which a lift counts as cleared.",
    )
    gone_minutes: Minutes = Field(
        default=1,
        description="So many minutes after the camera called it gone the next sighting is a new alarm. Our assumption.",
    )
    blocker_kinds: tuple[str, ...] = Field(
        default=("lift_blocker",),
        description="Kinds of devices, registered where the lift is, that hold its door. Practice: the door stays "
        "open, a voice prompts, the worker's phone rings.",
    )
