"""The chain that overflow and bagged litter share: from the cleaner on duty to a joint meeting.

Limits marked [P] are reported practice, [A] our own assumptions; the duties behind them are those of the Shanghai
Household Garbage Regulation, in force since 2019-07-01. Every street may change them in its configuration.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from civicloop import LARGE, MEDIUM, SMALL, Check, Effect, Limit, Proof, Step, days, hours, minutes, work_days

QUIET: Final[Limit] = minutes(10)
"""Nothing seen for ten minutes on end counts as clean (camera principle [P], minutes [A])."""

DISTRICT: Final = Step(
    # Supervision by the district, level 2 [P]. The housing bureau keeps the property company's credit record
    # (article 54) and is told.
    "district",
    "greening_sanitation_bureau",
    accept=hours(2),  # [A]
    finish=hours(24),  # [A]
    loop=MEDIUM,
    inform="housing_bureau",
)

JOINT_MEETING: Final = Step(
    # "One estate, one plan" [P]; the committee, named first, calls the meeting. Whoever finds the way out may report
    # it: an extra pickup by the hauler solves the case as well as a new drop point does.
    "joint_meeting",
    ("neighborhood_committee", "hauler", "property_company"),
    accept=work_days(1),  # [A]
    finish=days(7),  # [A]
    loop=LARGE,
)

CHAIN: Final = (
    # The cleaner on duty is whom practice sends. Few streets keep a list of cleaners, and a step that nobody holds is
    # passed at once, so the company that must keep the point in order (article 25) is asked beside the cleaner.
    # Either may take it.
    Step(
        "clean",
        ("cleaner", "property_company"),
        accept=minutes(10),  # [A]
        finish=hours(1),  # [P] first closing bucket of Tianmu West Road
        from_opening=True,
    ),
    # Both are asked, because practice texts both; one of them taking it on is enough to get it done.
    Step(
        "manage",
        ("property_manager", "party_secretary"),
        accept=minutes(15),  # [A]
        finish=hours(4),  # [P] second bucket; event classes 0110 and 0192
        from_opening=True,
    ),
    # Supervision by the street, level 1 [P].
    Step(
        "street",
        ("ops_center", "sanitation_station"),
        accept=minutes(30),  # [A]
        finish=hours(12),  # [P] third bucket
        from_opening=True,
        loop=SMALL,
    ),
    DISTRICT,
    JOINT_MEETING,
)

CHECK: Final = Check(quiet=QUIET, parties=("ops_center", "neighborhood_committee"), within=hours(24))
"""The sensor sees nothing for ten minutes, or somebody else looks, at an after-photo or on site."""

PHOTO: Final = Proof("photo_after", is_optional=True, is_fresh=True, is_here=True, is_timely=True)
"""The after-photo (back-office review, Shunde [P]): one that is brought is new, from here, and taken since the asking.

It is an option, because the camera that sees nothing for ten minutes proves as much.
"""

OUTCOMES: Final[Mapping[str, Effect]] = {
    "irregular_management": Effect.FAILED,
    "nobody_responded": Effect.FAILED,
    "not_in_time": Effect.DONE,
}
"""Result codes 3, 4 and 5 of supervision [P]; codes 1 and 2 are ``done`` and ``false_alarm``.

What was cleared away too late is clear all the same; what supervision finds unmanaged goes to the next step.
"""
