"""A journal in words: what each entry means, in the reader's language."""

from __future__ import annotations

from typing import Final

from rich.text import Text

from ..engine.setup import Setup
from ..model.case import Case, Entry, Reason
from ..sdk.texts import render
from .screen import plain
from .voice import Voice

_STYLES: Final = {
    "bold": {Reason.OPENED, Reason.REOPENED, Reason.REAPPEARED},
    "yellow": {Reason.NOT_ACCEPTED, Reason.NOT_FINISHED, Reason.RETURNED, Reason.REPEATED, Reason.REVIEW_AWAITED},
    "red": {
        *(Reason.ESCALATED, Reason.CHAIN_ENDED, Reason.NOBODY_FOUND, Reason.SUPERVISED, Reason.SEVERITY_RAISED),
        *(Reason.CHECK_FAILED, Reason.CHECK_OVERDUE),
    },
    "green": {Reason.CLOSED, Reason.VERIFIED, Reason.CLEARED, Reason.TRACK_CLOSED, Reason.VOIDED},
}


def style_of(reason: str) -> str:
    """The colour of a journal entry: bold opens, yellow waits in vain, red climbs, green ends."""
    return next((style for style, reasons in _STYLES.items() if reason in reasons), "")


class Teller:
    """Puts cases and journal entries of one street into words."""

    def __init__(self, voice: Voice, setup: Setup) -> None:
        self._voice = voice
        self._setup = setup
        self.zone = setup.street.calendar.zone

    def title(self, scenario: str) -> str:
        """The name of a scenario; one that is not enabled any more shows its own."""
        texts = self._setup.registry.texts(scenario)
        return plain(render(texts, self._voice.language, scenario.partition(".")[2], {})) if texts else scenario

    def finding(self, case: Case) -> str:
        """What was found."""
        texts = self._setup.registry.texts(case.scenario)
        return plain(render(texts, self._voice.language, case.message, case.variables))

    def step(self, scenario: str, step: str) -> str:
        """What a step asks for."""
        return plain(render(self._setup.registry.texts(scenario), self._voice.language, step, {})) if step else "-"

    def sentence(self, entry: Entry) -> str:
        """One journal entry as a sentence."""
        return self._voice.reason(
            entry.reason,
            party=self._voice.role(entry.party) if entry.party else "-",
            step=self.step(entry.ref.partition("/")[0], entry.step),
            loop=self._voice.say(f"loop_{entry.loop}") if entry.loop else "-",
            due=self._due(entry),
            track=entry.track,
        )

    def live_line(self, entry: Entry) -> Text:
        """One journal entry as a compact line: time, reason, case, and whose turn it is."""
        line = Text(f"{entry.at.astimezone(self.zone):%H:%M:%S} ", style="dim")
        line.append(f"{entry.reason.value:<15} ", style=style_of(entry.reason))
        line.append(f"{plain(entry.ref)} ", style="cyan")
        if entry.reason in (Reason.OPENED, Reason.REOPENED):
            line.append(f"{self.title(entry.ref.partition('/')[0])} ")
        if entry.party:
            line.append(f"{self._voice.role(entry.party)} ", style="magenta")
        if entry.reason in (Reason.ASKED, Reason.ESCALATED):
            loop = self._voice.say(f"loop_{entry.loop}")
            line.append(self._voice.say("turn", loop=loop, due=self._due(entry)), style="dim")
        return line

    def _due(self, entry: Entry) -> str:
        """The due time on the street's own clock, with the day where it is another."""
        if entry.due is None:
            return "-"
        due = entry.due.astimezone(self.zone)
        return f"{due:%H:%M}" if due.date() == entry.at.astimezone(self.zone).date() else f"{due:%m-%d %H:%M}"
