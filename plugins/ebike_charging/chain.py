"""The chain of every breach: confirm what is doubtful, dissuade, visit, review, enforce, and at last a place to charge.

Dissuasion comes first and a person reviews what machines saw before anybody is punished (Pudong rules on off-site
enforcement, in force since 2021-12-01, articles 10 and 15 [L]). Limits marked [P] are reported practice, [A] our own
assumptions; every street may change them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from civicloop import (
    LARGE,
    MEDIUM,
    SMALL,
    Check,
    Effect,
    Limit,
    Proof,
    Silence,
    Step,
    TrackRule,
    days,
    hours,
    minutes,
    work_days,
)

CONFIRM: Final = "confirm"
"""Where a doubtful alarm begins."""
DISSUADE: Final = "dissuade"
"""Where an alarm begins that can be believed."""
VISIT: Final = "visit"
"""Where what was solved begins that is back within a day."""
ENFORCE: Final = "enforce"
"""Where a repeated breach begins; the review before it is never left out."""
REPORT_BREACH: Final = "report_breach"

DECISIONS: Final[Mapping[str, Effect]] = {
    "ordered": Effect.DONE,
    "warned": Effect.DONE,
    "fined": Effect.DONE,
    # Minor and promptly corrected: no penalty (Pudong rules, article 15).
    "no_penalty": Effect.DONE,
}
"""What an authority may report."""

EVIDENCE: Final = (
    # Once the authority was asked nothing closes without its document, and what it says came of it.
    Proof("decision", to_close=True, is_numbered=True, outcomes=tuple(DECISIONS), steps=(ENFORCE,)),
    Proof("breach_report", is_numbered=True, steps=(REPORT_BREACH,)),
)

STATUTORY_REPORT: Final = TrackRule(
    # Dissuasion was in vain: within 24 hours the property company must report to the owners' committee and to the
    # authority, or pays 1,000 to 10,000 yuan (Residential Property Rules, articles 59 and 87 [L]). The hours count
    # from the alarm, the strictest reading. The duty opens when the chain goes past dissuasion, runs beside it, holds
    # up nothing, and ends with the case: what stopped within a day was not in vain.
    "statutory_report",
    (
        Step(REPORT_BREACH, "property_company", finish=hours(24), from_opening=True, inform="owners_committee"),
        Step("press_report", "ops_center", finish=hours(24), loop=SMALL, inform="property_company"),  # [A]
        # Supervises property companies. What it does is its own matter, so the track ends with its silence, lapsed.
        Step("supervise_company", "housing_bureau", accept=work_days(1), finish=work_days(5), loop=MEDIUM),  # [A]
    ),
    required=False,
    opens_at=VISIT,
    silence=Silence.END,
    check=Check(parties=("ops_center", "neighborhood_committee"), within=hours(24)),
)


def chain_to(authority: tuple[str, ...], visit_within: Limit) -> tuple[Step, ...]:
    """The steps up to ``authority``; ``visit_within`` is how long the joint visit may take once it has been asked."""
    return (
        # 核实: only what is doubtful begins here. Unanswered, the property company looks on the spot instead.
        Step(CONFIRM, "ops_center", accept=minutes(5), finish=minutes(15), pre_verify=True),  # [A]
        Step(DISSUADE, "property_company", accept=minutes(5), finish=minutes(30)),  # [A]
        # Practice alerts all four at once [P]; one of them taking it on leads the visit.
        Step(
            VISIT,
            ("party_secretary", "neighborhood_committee", "block_cadre", "property_manager"),
            accept=minutes(15),  # [A]
            finish=visit_within,
            inform="owners_committee",
        ),
        Step(
            "review",
            "ops_center",
            accept=minutes(15),  # [A]
            finish=hours(1),  # [A]
            loop=SMALL,
            review=True,
            # A repeated breach begins here, and then the committee has heard nothing yet.
            inform=("neighborhood_committee", "property_company"),
        ),
        Step(
            ENFORCE,
            authority,
            accept=work_days(1),  # [A]
            finish=work_days(5),  # [A]; whoever reported it is answered within 5 working days [L]
            loop=MEDIUM,
            enforcement=True,
            inform=("neighborhood_committee", "property_company"),
        ),
        # A street that has a charging company adds its role here. Whoever opens the facility may report it.
        Step(
            "facility",
            ("housing_bureau", "fire_rescue", "ops_center", "neighborhood_committee", "owners_committee"),
            accept=work_days(5),  # [A]
            finish=days(90),  # [A]
            loop=LARGE,
        ),
    )
