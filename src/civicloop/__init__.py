"""civicloop: events in, closed loops out. These are the words a plugin author needs."""

from .core.model.case import Case, Reason
from .core.model.chain import (
    CLOSE,
    CLOSE_BEFORE_DISPATCH,
    EVIDENCE,
    LARGE,
    MEDIUM,
    MICRO,
    SMALL,
    VERIFY,
    Check,
    Effect,
    Loop,
    Need,
    OnCleared,
    Proof,
    Recurrence,
    Severity,
    Silence,
    Step,
    TrackRule,
)
from .core.model.event import Event, Privacy
from .core.model.finding import Cleared, Command, Expect, Finding, Outcome
from .core.model.limit import Limit, days, hours, minutes, seconds, work_days, work_hours
from .core.model.notice import Notice, NoticeKind
from .core.model.place import Device, Level, Place
from .core.sdk.channel import Channel, ChannelConfig, ChannelType, Message, Refused
from .core.sdk.closings import CaseClosed, CaseReached
from .core.sdk.hooks import hookimpl
from .core.sdk.scenario import Config, Context, Memory, Scenario
from .core.sdk.tally import Tally
from .core.sdk.texts import read_texts

__version__ = "0.1.0"

__all__ = [
    "CLOSE",
    "CLOSE_BEFORE_DISPATCH",
    "EVIDENCE",
    "LARGE",
    "MEDIUM",
    "MICRO",
    "SMALL",
    "VERIFY",
    "Case",
    "CaseClosed",
    "CaseReached",
    "Channel",
    "ChannelConfig",
    "ChannelType",
    "Check",
    "Cleared",
    "Command",
    "Config",
    "Context",
    "Device",
    "Effect",
    "Event",
    "Expect",
    "Finding",
    "Level",
    "Limit",
    "Loop",
    "Memory",
    "Message",
    "Need",
    "Notice",
    "NoticeKind",
    "OnCleared",
    "Outcome",
    "Place",
    "Privacy",
    "Proof",
    "Reason",
    "Recurrence",
    "Refused",
    "Scenario",
    "Severity",
    "Silence",
    "Step",
    "Tally",
    "TrackRule",
    "days",
    "hookimpl",
    "hours",
    "minutes",
    "read_texts",
    "seconds",
    "work_days",
    "work_hours",
]
