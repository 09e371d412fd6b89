"""The learned rule, the door and the telephone: when silence is unusual here, and how nothing holds an alarm off."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from civicloop import NoticeKind, Reason, Severity, hours, minutes, seconds
from civicloop.plugins.elderly_care.away_call import AwayCall
from civicloop.plugins.elderly_care.limits import CallConfig, SilenceConfig
from civicloop.plugins.elderly_care.no_sign_of_life import NoSignOfLife
from civicloop.plugins.elderly_care.rhythm import BINS, DEVICES_MAX, WINDOW_DAYS, Fired, learn, mark
from civicloop.plugins.elderly_care.signs import Signs, Whereabouts, latest
from civicloop.testing import MORNING, Town

SILENT = "elderly_care.no_sign_of_life/household"
CALL = "elderly_care.away_call/household"
ZONE = ZoneInfo("Asia/Shanghai")
Build = Callable[..., Town]


def home(build: Build, **settings) -> Town:
    """A town with a kit in one household, watched by both scenarios; ``settings`` are those of the silence indoors."""
    town = build(NoSignOfLife, AwayCall, config={NoSignOfLife.name: settings})
    for name, kind in (("door", "door"), ("hall", "pir"), ("kitchen", "pir"), ("water", "water")):
        town.add_device(name, "household", kind)
    return town


def moves(town: Town, sensor: str = "hall") -> None:
    town.hear("care.motion", subject=sensor)


def passes(town: Town) -> None:
    town.hear("care.door", subject="door", open=True)
    town.wait(seconds(10)).hear("care.door", subject="door", open=False)
    town.wait(seconds(50))


def lives(town: Town, count: int) -> Town:
    """Days with something to hear every half-hour from 07:00 until 22:30; ends at midnight."""
    midnight = town.now.replace(hour=0, minute=0, second=0, microsecond=0)
    for day in range(count):
        for half_hour in range(14, 46):
            at = midnight + timedelta(days=day, minutes=30 * half_hour + 5)
            if at > town.now:
                town.wait(at - town.now)
                moves(town)
    return town.wait(midnight + timedelta(days=count) - town.now)


def until(town: Town, hour: int, minute: int = 0) -> Town:
    at = town.now.replace(hour=hour, minute=minute, second=0, microsecond=0)
    return town.wait((at if at > town.now else at + timedelta(days=1)) - town.now)


# the rhythm --------------------------------------------------------------------------------------------------


def test_a_silence_that_is_unusual_at_this_hour_is_noticed_long_before_the_profile_would(town: Build):
    street = lives(home(town), 12)
    until(street, 9)
    moves(street)
    assert street.wait(timedelta(hours=4, minutes=59)).is_quiet
    street.wait(minutes(1))
    case = street.case(SILENT)
    assert case.severity is Severity.P1
    assert case.message == "silent_unusually"
    assert case.variables == {"since": "09-24 09:00", "hours": 5, "span": "09:00-10:00", "active": 12, "days": 12}


def test_what_is_told_is_a_sentence_in_both_languages():
    told = {"since": "09-24 09:00", "hours": 5, "span": "09:00-10:00", "active": 26, "days": 28}
    text = NoSignOfLife.texts["silent_unusually"]
    assert text["en"].format(**told) == (
        "no movement since 09-24 09:00, for 5 h; at 09:00-10:00 there was activity on 26 of 28 days at home"
    )
    assert text["zh"].format(**told) == (
        "自 09-24 09:00 起 5 小时无任何动静；以往在家的 28 天中，09:00-10:00 有 26 天有活动"
    )


def test_the_night_is_quiet_by_itself(town: Build):
    street = lives(home(town), 12)
    # The last sign was at 22:35. Nothing says that this is night but the household's own days.
    assert until(street, 8).is_quiet
    assert not until(street, 10, 35).is_quiet


def test_who_lives_by_night_is_missed_by_night(town: Build):
    street = home(town)
    until(street, 20)
    for _ in range(12):
        for _ in range(20):
            moves(street)
            street.wait(minutes(30))
        moves(until(street, 13))
        until(street, 20)
    moves(street)
    assert street.wait(timedelta(hours=4, minutes=59)).is_quiet
    assert not street.wait(minutes(31)).is_quiet


@pytest.mark.parametrize(("known", "settings"), [(5, {}), (12, {"rhythm": False})])
def test_the_profile_rule_holds_while_the_rhythm_is_not_known_or_not_wanted(town: Build, known: int, settings):
    street = lives(home(town, **settings), known)
    until(street, 8)
    moves(street)
    assert street.wait(timedelta(hours=11, minutes=59)).is_quiet
    street.wait(minutes(1))
    assert street.case(SILENT).message == "silent_inside"


def test_the_learned_rule_never_waits_longer_than_the_profile(town: Build):
    street = lives(home(town, missed_half_hours=24), 12)
    until(street, 8)
    moves(street)
    assert street.wait(timedelta(hours=11, minutes=59)).is_quiet
    assert not street.wait(minutes(1)).is_quiet


def test_hours_in_which_nobody_may_have_been_at_home_teach_nothing():
    moved, doors = Fired(), Fired()
    for day in range(20):
        for half_hour in (14, 15, 16, 36, 37, 44):
            mark(moved, "hall", day, half_hour)
        for half_hour in (17, 35) if day % 2 else ():
            mark(doors, "door", day, half_hour)
    rhythm = learn(moved, doors, before=20, days_min=10)
    assert rhythm is not None
    ten = rhythm.usual[10]
    # On the days with a passage through the door nobody knows; on the others somebody sat still at home.
    assert (ten.active, ten.days) == (0, 10)
    assert rhythm.usual[7] == (7, 20, 20)
    assert rhythm.likely[14] > 0.6 > 0.1 > rhythm.likely[24] > rhythm.likely[6]


def test_an_old_way_of_life_is_forgotten():
    early, late = Fired(), Fired()
    for day in range(WINDOW_DAYS):
        mark(early, "hall", day, 12 if day < WINDOW_DAYS // 2 else 20)
        mark(late, "hall", day, 12 if day >= WINDOW_DAYS // 2 else 20)
    was, now = (learn(fired, {}, before=WINDOW_DAYS, days_min=10) for fired in (early, late))
    assert was is not None
    assert now is not None
    assert now.likely[12] > was.likely[12]
    assert now.likely[20] < was.likely[20]


def test_after_a_clock_change_the_same_hour_is_still_the_same_hour():
    zone = ZoneInfo("Europe/Amsterdam")
    moved = Fired()
    for day in range(1, 13):
        mark(moved, "hall", datetime(2025, 10, 14 + day, tzinfo=zone).toordinal(), 18)
    rhythm = learn(moved, {}, before=datetime(2025, 10, 27, tzinfo=zone).toordinal(), days_min=10)
    assert rhythm is not None
    # From the evening of the 25th on the clocks change; from that of the 20th on they do not.
    for day in (20, 25):
        start = datetime(2025, 10, day, 23, tzinfo=zone).astimezone(UTC)
        due = rhythm.due(start, zone, 0.75, timedelta(), timedelta(days=1)).astimezone(zone)
        assert (due.day, due.hour) == (day + 1, 9)


# stuck and chattering sensors --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("type", "sensor", "data"), [("care.motion", "kitchen", {}), ("care.door", "door", {"open": True})]
)
@pytest.mark.parametrize("known", [0, 12])
def test_a_stuck_sensor_cannot_hold_off_the_alarm(town: Build, known: int, type: str, sensor: str, data):
    street = lives(home(town), known)
    until(street, 9)
    moves(street)
    for _ in range(35 * 4):
        street.wait(minutes(15)).hear(type, subject=sensor, **data)
    assert not street.is_quiet


def test_a_sensor_that_is_stuck_teaches_nothing(town: Build):
    street = lives(home(town), 12)
    midnight = street.now
    for step in range(6 * 24 * 4):
        street.wait(midnight + timedelta(minutes=15 * (step + 1)) - street.now)
        street.hear("care.motion", subject="kitchen")
        if 7 <= street.now.hour < 23 and street.now.minute in (0, 30):
            moves(street)
    # The hall still tells that somebody is up, and its nights are as quiet as ever.
    assert street.is_quiet
    assert until(street, 7).is_quiet


def test_a_thousand_firings_count_no_more_than_one():
    once, often = Signs(), Signs()
    once.move("bed", MORNING, ZONE)
    once.move("bed", MORNING + timedelta(seconds=59), ZONE)
    for second in range(60):
        often.move("bed", MORNING + timedelta(seconds=second), ZONE)
    assert once == often


def test_a_memory_stays_small():
    signs = Signs()
    for minute in range(0, 60 * 24 * 45, 30):
        at = MORNING + timedelta(minutes=minute)
        for device in range(20):
            signs.move(f"//gateway-of-a-rather-long-name/sensor-{device:04}", at, ZONE)
        signs.open("door", at, ZONE)
        signs.newest = at.astimezone(UTC)
        signs._forget(ZONE)
    assert len(signs.moves) == DEVICES_MAX
    assert all(len(one) == WINDOW_DAYS for one in signs.moves.values())
    assert len(signs.model_dump_json()) < 24_000


# the door ----------------------------------------------------------------------------------------------------


def test_the_door_then_silence_is_a_call_and_no_visit(town: Build):
    street = home(town)
    moves(street)
    passes(street)
    assert street.wait(timedelta(hours=12, minutes=59)).is_quiet
    street.wait(minutes(1))
    case = street.case(CALL)
    assert (case.severity, case.message) == (Severity.P2, "silent_after_door")
    assert case.variables == {"since": "09-12 08:00", "hours": 13}
    assert street.asked == ["call_center"]
    assert street.told("family") == [NoticeKind.INFORM]


def test_who_moves_shortly_after_the_door_is_at_home(town: Build):
    street = home(town)
    passes(street)
    street.wait(minutes(20))
    moves(street)
    street.wait(hours(12))
    assert [case.ref for case in street.open_cases] == [SILENT]


def test_one_sensor_hours_later_may_be_the_sun_but_two_that_go_on_moving_are_somebody(town: Build):
    for sensors, ref in ((("hall",), CALL), (("hall", "kitchen"), CALL), (("hall", "kitchen") * 4, SILENT)):
        street = home(town)
        for sensor in ("hall", "kitchen"):
            moves(street, sensor)
        street.wait(minutes(5))
        passes(street)
        street.wait(hours(3))
        for sensor in sensors:
            moves(street.wait(minutes(30)), sensor)
        # Either of them begins the wait anew.
        assert street.wait(timedelta(hours=11, minutes=59)).is_quiet
        street.wait(minutes(61))
        assert [case.ref for case in street.open_cases] == [ref]


def test_who_comes_home_and_is_not_noticed_inside_is_looked_for(town: Build):
    street = home(town)
    moves(street)
    street.wait(minutes(2))
    passes(street)
    street.wait(hours(3))
    passes(street)
    assert street.wait(timedelta(hours=12, minutes=59)).is_quiet
    street.wait(minutes(1))
    assert street.case(CALL).message == "silent_since_return"


def test_what_stirs_a_little_after_the_door_told_of_leaving_is_telephoned_and_not_visited(town: Build):
    street = home(town)
    moves(street)
    passes(street)
    for sensor in ("hall", "kitchen"):
        moves(street.wait(hours(3)), sensor)
    street.wait(hours(13))
    assert [case.ref for case in street.open_cases] == [CALL]
    assert street.case(CALL).message == "silent_unsure"
    street.answer("report", CALL, "call_center", result="away_ok")
    if street.open_cases:  # a fifth of the answers is called back
        street.answer("verify", CALL, "neighborhood_committee", result="pass")
    # Never for ever: called again the next day, and visited after two.
    street.wait(hours(36))
    assert street.case(SILENT).message == "silent_unsure"


def test_who_comes_home_and_leaves_again_is_out(town: Build):
    street = home(town)
    moves(street)
    street.wait(minutes(2))
    for wait in (hours(3), minutes(40), hours(1)):
        passes(street)
        street.wait(wait)
    street.wait(hours(12))
    assert [case.ref for case in street.open_cases] == [CALL]


def test_carrying_bags_through_the_door_is_one_passage(town: Build):
    street = home(town)
    moves(street)
    street.wait(minutes(2))
    for _ in range(2):
        passes(street)
        street.wait(minutes(5))
    street.wait(hours(13))
    assert [case.ref for case in street.open_cases] == [CALL]


def test_unless_something_moved_between(town: Build):
    signs = Signs()
    signs.open("door", MORNING, ZONE)
    for minute, hear in ((180, signs.open), (183, signs.move), (187, signs.open)):
        at = MORNING + timedelta(minutes=minute)
        hear("sensor", at, ZONE)
        signs.newest = at.astimezone(UTC)
    assert signs.whereabouts(SilenceConfig(), ZONE) is Whereabouts.OUT


def test_who_is_reported_back_is_at_home(town: Build):
    street = home(town)
    passes(street)
    street.wait(hours(2)).hear("care.back", subject="household")
    street.wait(hours(12))
    assert [case.ref for case in street.open_cases] == [SILENT]


def test_a_door_that_is_told_late_does_not_hold_the_alarm_off(town: Build):
    for minute, refs in ((-10, [SILENT]), (10, [CALL])):
        street = home(town)
        moves(street)
        # Overtaken by what moved: nothing can be armed by it any more, yet it says where the resident is.
        street.wait(minutes(15))
        street.hear("care.water", subject="water", litres=0.1)
        street.hear("care.door", subject="door", open=True, at=MORNING + timedelta(minutes=minute))
        street.wait(timedelta(hours=13))
        assert [case.ref for case in street.open_cases] == refs


# the call ----------------------------------------------------------------------------------------------------


@pytest.fixture
def called(town: Build) -> Town:
    street = home(town)
    moves(street)
    passes(street)
    return street.wait(hours(13))


def test_the_door_ends_the_call_even_after_it_was_asked_for(called: Town):
    called.wait(minutes(5)).hear("care.door", subject="door", open=True)
    assert called.is_quiet
    assert called.case(CALL).result == Reason.CLEARED


def test_whoever_does_not_answer_is_asked_about_and_then_visited(called: Town):
    called.answer("accept", CALL, "call_center")
    called.answer("report", CALL, "call_center", result="not_reachable")
    assert called.asked[1:] == ["family", "neighborhood_committee"]
    called.wait(minutes(15))
    assert called.asked[3:] == ["neighborhood_committee", "peer_volunteer"]
    called.wait(minutes(10))
    assert called.asked[5:] == ["party_secretary", "property_company"]
    called.wait(minutes(10))
    assert called.asked[7:] == ["ops_center", "police"]


def test_a_call_that_nobody_makes_climbs_as_well(called: Town):
    assert called.wait(minutes(10)).asked[1:] == ["family", "neighborhood_committee"]


def test_who_is_well_is_called_again_only_the_next_day(called: Town):
    called.answer("report", CALL, "call_center", result="away_ok")
    if called.open_cases:  # a fifth of the answers is called back
        called.answer("verify", CALL, "neighborhood_committee", result="pass")
    assert called.wait(timedelta(hours=23, minutes=59)).is_quiet
    assert not called.wait(minutes(1)).is_quiet
    assert called.case(CALL).round == 2


def test_a_registered_absence_holds_the_call_back_and_no_longer(town: Build):
    street = home(town)
    moves(street)
    passes(street)
    end = MORNING + timedelta(days=4)
    street.hear("care.away", subject="household", until=end.isoformat())
    assert street.wait(end + timedelta(hours=12, minutes=59) - street.now).is_quiet
    street.wait(minutes(1))
    assert (street.case(CALL).message, street.case(CALL).variables) == ("not_back", {"until": "09-16 08:00"})


# for every home ----------------------------------------------------------------------------------------------

FACTS = st.lists(
    st.tuples(st.sampled_from(["door", "hall", "kitchen", "water"]), st.integers(0, 3 * 24 * 60)),
    min_size=1,
    max_size=40,
)


def heard(facts: Sequence[tuple[str, int]]) -> Signs:
    signs = Signs()
    for device, minute in facts:
        at = (MORNING + timedelta(minutes=minute)).astimezone(UTC)
        (signs.open if device == "door" else signs.move)(device, at, ZONE)
        signs.newest = latest(signs.newest, at)
        signs._forget(ZONE)
    return signs


@given(FACTS, st.randoms())
def test_what_is_remembered_does_not_depend_on_the_order_of_arrival(facts: list[tuple[str, int]], chance: Random):
    shuffled = list(facts)
    chance.shuffle(shuffled)
    assert heard(facts) == heard(shuffled)


@given(FACTS, st.randoms())
def test_even_a_stuck_sensor_is_remembered_alike_whatever_comes_some_minutes_late(facts, chance: Random):
    facts = sorted([*facts, *(("hall", minute) for minute in range(0, 3 * 24 * 60, 20))], key=lambda one: one[1])
    delayed = sorted(facts, key=lambda one: one[1] + chance.randint(0, 10))
    assert heard(facts) == heard(delayed)


@given(FACTS, st.integers(0, 28))
def test_silence_is_never_allowed_for_longer_than_its_cap(facts: list[tuple[str, int]], known: int):
    config = SilenceConfig()
    signs = heard(sorted(facts, key=lambda fact: fact[1]))
    today = MORNING.toordinal()
    for day in range(today - known, today):
        for half_hour in range(0, BINS, 5):
            mark(signs.moves, "hall", day, half_hour)
    last, due, call = signs.last, signs.due(config, ZONE), signs.call_due(CallConfig(), ZONE)
    assert last is not None
    assert due is not None
    most = dict.fromkeys(Whereabouts, 48.0) | {Whereabouts.INSIDE: 12.0}
    where = signs.whereabouts(config, ZONE)
    assert last < due <= last + timedelta(hours=most[where])
    assert (call is not None) is (where is not Whereabouts.INSIDE)
    assert call is None or call == last + timedelta(hours=13)


@settings(max_examples=25, deadline=None)
@given(FACTS)
def test_whatever_was_heard_last_silence_is_answered_within_a_day_and_a_half(facts: list[tuple[str, int]]):
    street = home(Town)
    for device, minute in sorted(facts, key=lambda fact: fact[1]):
        at = MORNING + timedelta(minutes=minute)
        street.wait(max(at - street.now, timedelta()))
        street.hear("care.door" if device == "door" else "care.motion", subject=device, data={"open": True})
    street.wait(hours(36))
    assert not street.is_quiet
    street.close()
