"""Chains B2 as data: who is asked when an elder is in danger, in both orders that districts use.

``hongkou_parallel`` asks everybody nearby at once. ``jingan_contact_first`` calls the emergency contact and, without an
answer, goes from the street to the community to the volunteer (Jing'an and the Shanghai water company [P]). Limits are
ours [A] where nothing else is said; a street changes each in ``[plugins.elderly_care.SCENARIO.chain.STEP]``.
"""

from __future__ import annotations

from typing import Final

from civicloop import MEDIUM, SMALL, Check, Silence, Step, TrackRule, hours, minutes, seconds

CONTACT_FIRST: Final = "jingan_contact_first"

ACCEPT: Final = minutes(3)
"""Nobody has taken a danger to life on for so long: the street's duty and the emergency services are asked."""

EMERGENCY_SERVICES: Final = "emergency_services"
CONFIRM: Final = "confirm"

RESCUE: Final = Step("rescue", "call_center", accept=ACCEPT, finish=hours(1), loop=MEDIUM)
"""The call centre presses its line to 110, 119 and 120 until somebody is there, and reports to the duty leader [P]."""


def respond(*others: str) -> Step:
    """Everybody nearby, and ``others``, in parallel (Xuhui plan of 2023/24 [P]).

    The first to accept stops the climb; all may go. They should be there in less than 30 minutes (Yangpu [P]).
    """
    nearby = ("property_company", "micro_fire_station", "neighborhood_committee")
    return Step("respond", (*nearby, *others), accept=ACCEPT, finish=minutes(30), inform="family")


def take_command(*services: str) -> Step:
    """The street's duty takes over, together with the emergency services of this danger."""
    return Step("take_command", ("ops_center", *services), accept=ACCEPT, finish=hours(1), loop=SMALL)


def emergency_line(*services: str) -> TrackRule:
    """The way to 119 and 120, beside everything else and in nobody's way.

    A machine does not call them without local approval: the line begins at ``confirm``, where somebody at the call
    centre accepts within 60 seconds and thereby says that it is real and the services are called; else the street's
    duty. With ``emergency_calls = "automatic"`` it begins with the services themselves, and people at the call centre
    are asked where those do not take it on. All of it is the first response, not a climb into a larger loop.
    """
    steps = (
        Step(EMERGENCY_SERVICES, services, accept=seconds(60)),
        Step(CONFIRM, "call_center", accept=seconds(60)),
        Step("confirm_at_street", "ops_center", accept=minutes(2)),
    )
    return TrackRule("emergency_line", steps, required=False)


SOS_CONTACT_FIRST: Final = (
    Step("contact", "family", accept=minutes(1), finish=minutes(10)),
    # The street's desk sends the order on (escalate). It stays in the smallest loop, where the work is done.
    Step("street_order", "ops_center", finish=minutes(1)),
    Step(
        "community_visit",
        ("neighborhood_committee", "property_company", "micro_fire_station"),
        accept=ACCEPT,
        finish=minutes(30),
    ),
    Step("volunteer_visit", "peer_volunteer", accept=ACCEPT, finish=minutes(30)),
    take_command("police"),
    RESCUE,
)
"""P0 where the contact is called first; the emergency line runs from the first second all the same."""

VISIT_CONTACT_FIRST: Final = (
    # Before anybody climbs stairs: any sensor, the away register, or a voice call may end it by itself.
    Step("check_first", finish=minutes(5)),
    Step("contact", "family", accept=minutes(15), finish=minutes(30)),
    Step("street_order", "ops_center", finish=minutes(10)),
    Step("community_visit", "neighborhood_committee", accept=minutes(10), finish=minutes(30)),
    Step("volunteer_visit", "peer_volunteer", accept=minutes(10), finish=minutes(30)),
    Step("joint_visit", ("ops_center", "police"), accept=minutes(10), finish=minutes(30), loop=SMALL),
    RESCUE,
)
"""P1 where the contact is called first."""

VISITS: Final = ("respond", "community_visit", "volunteer_visit", "take_command", "rescue")
"""The steps of a call for help at which people go there, in either order; a contact is telephoned."""

SILENCE_VISITS: Final = ("visit", "neighbours_and_keys", "community_visit", "volunteer_visit", "joint_visit", "rescue")
"""The same after a silence."""

ASK_FAMILY: Final = TrackRule(
    "family",
    (Step("whereabouts", "family", accept=minutes(15)),),  # [A]
    required=False,
    opens_at="visit",
    silence=Silence.END,
    check=Check(),
)
"""Row 1b: the family is asked where the elder is while others are on their way, who hear what it says, or that it is
silent. It closes nothing: a call is no visit. Where the contact is called first, the chain begins with it, and this
is left out.
"""
