"""What a decision did, in the words of the decision table."""

from civicloop.core.loop.draft import Decision
from civicloop.core.model.case import Case

from .town import minute


def shown_entries(decision: Decision) -> tuple[str, ...]:
    """``reason step party`` for each line of the journal."""
    return tuple(f"{entry.reason} {entry.step} {entry.party}".strip() for entry in decision.entries)


def shown_notices(decision: Decision) -> tuple[str, ...]:
    """``kind party`` for each notice, with the number of the order that it names."""
    return tuple(
        f"{notice.kind} {notice.party}{' #' + notice.order.split('.')[1] if notice.order else ''}"
        for notice in decision.notices
    )


def shown_case(case: Case | None) -> str:
    """``state step due`` for each track, due in minutes after the opening, and what was counted; or how it ended."""
    if case is None:
        return "no case"
    tracks = []
    for track in case.tracks:
        counts = {"rework": track.rework, "extended": track.extensions, "suspended": track.suspensions}
        counted = "".join(f", {name} {count}" for name, count in counts.items() if count)
        tracks.append(f"{track.state} {case.step(track).name} {minute(track.due)}{counted}")
    return "; ".join(tracks) if case.is_open else f"closed {case.result}"
