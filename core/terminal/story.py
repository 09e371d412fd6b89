"""A journal on the screen: each entry in its colour."""

from __future__ import annotations

from typing import Final

from rich.text import Text

from ..gateway.story import Teller
from ..gateway.wording import loop_name
from ..model.case import Entry, Reason
from .screen import plain

_STYLES: Final = {
    "bold": {Reason.OPENED, Reason.REOPENED, Reason.REAPPEARED, Reason.TRACK_OPENED},
    "yellow": {
        *(Reason.NOT_ACCEPTED, Reason.NOT_FINISHED, Reason.RETURNED, Reason.REPEATED, Reason.REVIEW_AWAITED),
        *(Reason.REMINDED, Reason.NOT_DISPATCHED, Reason.PROOF_AWAITED, Reason.REQUESTED, Reason.APPEALED),
    },
    "red": {
        *(Reason.ESCALATED, Reason.CHAIN_ENDED, Reason.NOBODY_FOUND, Reason.SUPERVISED, Reason.SEVERITY_RAISED),
        *(Reason.CHECK_FAILED, Reason.CHECK_OVERDUE, Reason.NOBODY_ON_DUTY, Reason.RECURRED, Reason.ARBITER_ASKED),
    },
    "green": {
        *(Reason.CLOSED, Reason.VERIFIED, Reason.CLEARED, Reason.TRACK_CLOSED, Reason.VOIDED),
        *(Reason.UNVERIFIED, Reason.TRACK_LAPSED, Reason.FORCED_CLOSED),
    },
}


def style_of(reason: str) -> str:
    """The colour of a journal entry: bold opens, yellow waits in vain, red climbs, green ends."""
    return next((style for style, reasons in _STYLES.items() if reason in reasons), "")


class LiveTeller(Teller):
    """Tells the journal of a whole street as it grows."""

    def live_line(self, entry: Entry) -> Text:
        """One journal entry as a compact line: time, reason, case, and whose turn it is."""
        line = Text(f"{entry.at.astimezone(self.zone):%H:%M:%S} ", style="dim")
        line.append(f"{entry.reason.value:<15} ", style=style_of(entry.reason))
        line.append(f"{plain(entry.ref)} ", style="cyan")
        if entry.reason in (Reason.OPENED, Reason.REOPENED):
            line.append(f"{plain(self.title(entry.ref.partition('/')[0]))} ")
        if entry.party:
            line.append(f"{self.role(entry.party)} ", style="magenta")
        if entry.reason in (Reason.ASKED, Reason.ESCALATED):
            loop = loop_name(self.language, entry.loop)
            line.append(self.say("turn", loop=loop, due=self.clock(entry.due, entry.at)), style="dim")
        return line
