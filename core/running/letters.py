"""Turning a notice into words: title and text in the street's language."""

from __future__ import annotations

from typing import Final

from ..engine.setup import Setup
from ..model.notice import Notice, NoticeKind
from ..model.place import Directory, Level
from ..sdk.channel import Message
from ..sdk.texts import Texts, read_texts, render

FRAMES: Final[Texts] = read_texts(__file__, "letters.toml")


def write_letter(setup: Setup, notice: Notice) -> Message:
    """The message for a notice. Contacts are looked up now, so that a change of phone reaches notices still waiting."""
    kind = "fault" if notice.kind is NoticeKind.OPS and not notice.ref else notice.kind.value
    about = _about(setup, notice, is_fault=kind == "fault")
    title = render(FRAMES, setup.language, f"{kind}_title", about)
    text = render(FRAMES, setup.language, f"{kind}_text", about)
    return Message(notice, title, text, contacts_of(setup.street.directory, notice))


def _about(setup: Setup, notice: Notice, is_fault: bool) -> dict[str, object]:
    language, scenario = setup.language, notice.ref.partition("/")[0]
    texts = FRAMES if is_fault else setup.registry.texts(scenario)
    short = scenario.partition(".")[2]
    return {
        "title": render(texts, language, short, {}) if short else "",
        "finding": render(texts, language, notice.message, notice.variables),
        "step": render(texts, language, notice.step, {}) if notice.step else "",
        "place": place_name(setup.street.directory, notice.place),
        "due": clock_time(setup, notice),
        "order": notice.order,
        "ref": notice.ref,
        "severity": notice.severity.value,
        "reason": render(FRAMES, language, f"reason_{notice.reason}", {}),
        "party": notice.party,
    }


def contacts_of(directory: Directory, notice: Notice) -> tuple[str, ...]:
    """How to reach the person the notice is for, else whoever holds its role at its place, as the files say now."""
    person = directory.people.get(notice.person)
    if person is not None and person.contacts:
        return person.contacts
    around = (directory.parties.get((place.code, notice.party)) for place in directory.around(notice.place))
    return next((party.contacts for party in around if party is not None), ())


def place_name(directory: Directory, code: str) -> str:
    """A place in words, from the estate inwards; a household is named to its building and code, never by its people."""
    names: list[str] = []
    for place in directory.around(code):
        # Many streets write the estate's name into the building's and the building's into the household's.
        is_said = any(name.startswith(place.name) for name in names)
        if place.level in (Level.ESTATE, Level.BUILDING, Level.UNIT) and not is_said:
            names.append(place.name)
    known = directory.places.get(code)
    return " ".join(reversed(names)) or (known.name if known else code)


def clock_time(setup: Setup, notice: Notice) -> str:
    """The due time on the street's own clock, with the day where it is another."""
    if notice.due is None:
        return "-"
    zone = setup.street.calendar.zone
    due, at = notice.due.astimezone(zone), notice.at.astimezone(zone)
    return f"{due:%H:%M}" if due.date() == at.date() else f"{due:%m-%d %H:%M}"
