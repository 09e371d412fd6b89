"""What a decision did, in the words of the decision table."""

from civicloop.core.loop.draft import Decision
from civicloop.core.model.case import Case, Track

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


def shown_silenced(decision: Decision) -> tuple[int, ...]:
    """The numbers of the orders about which nobody is paged any more."""
    return tuple(int(order.split(".")[1]) for order in decision.silenced)


def shown_case(case: Case | None) -> str:
    """``state step due`` for each track, due in minutes after the opening, and what was counted; or how it ended.

    Then what concerns the case as a whole, where there is any: how high it is supervised, what it repeats, its appeal.
    """
    if case is None:
        return "no case"
    shown = "; ".join(shown_track(case, track) for track in case.tracks) if case.is_open else f"closed {case.result}"
    appeal = case.appeal and (case.appeal.result or ("reviewed once" if case.appeal.reviewer else "pending"))
    whole = {"supervised at": case.supervised, "repetition": case.recurrences, "appeal": appeal}
    return " | ".join([shown, *(f"{name} {value}" for name, value in whole.items() if value)])


def shown_track(case: Case, track: Track) -> str:
    counts = {
        "rework": track.rework,
        "extended": track.extensions,
        "suspended": track.suspensions,
        "returned": track.returns,
        "asks to": track.request and track.request.verb,
    }
    counted = "".join(f", {name} {count}" for name, count in counts.items() if count)
    return f"{track.state} {case.step(track).name} {minute(track.due)}{counted}"
