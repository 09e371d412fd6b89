"""The chain of every scenario here: dissuade, visit, review, enforce, and at last a place to charge.

Dissuasion comes first and a person reviews what machines saw before anybody is punished (Pudong rules on off-site
enforcement, in force since 2021-12-01, articles 10 and 15 [L]). Limits marked [P] are reported practice, [A] our own
assumptions; every street may change them.
"""

from __future__ import annotations

from typing import Final

from civicloop import LARGE, MEDIUM, SMALL, Limit, Step, days, hours, minutes, work_days

ENFORCE: Final = "enforce"
"""The step at which a repeated breach begins; the review before it is never left out."""


def chain_to(authority: tuple[str, ...], visit_within: Limit) -> tuple[Step, ...]:
    """The steps up to ``authority``; ``visit_within`` is how long the joint visit may take once it has been asked."""
    return (
        Step("dissuade", "property_company", accept=minutes(5), finish=minutes(30)),  # [A]
        # Practice alerts all four at once [P]; one of them taking it on leads the visit. Dissuasion in vain must be
        # reported to the owners' committee (Residential Property Rules, article 59 [L]), so it is told here.
        Step(
            "visit",
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
