"""A good folder loads as it was written; the forms in which people and Excel write it are all read."""

from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path

import pytest

from civicloop.core.model.chain import Severity
from civicloop.core.model.limit import Slots, hours, work_hours
from civicloop.core.model.place import Device, Level, Page, Person, Place, Reach
from civicloop.core.street.complaint import Complaint, StreetError
from civicloop.core.street.folder import load_street
from civicloop.core.street.settings import is_loopback, split_address

from .conftest import GOOD, Write


def test_a_good_folder_loads_as_written(write: Write) -> None:
    loaded = load_street(write())
    directory = loaded.street.directory
    assert loaded.street.code == directory.street == "S"
    assert loaded.settings.street.name == "青禾街道"
    assert directory.places["E"] == Place("E", "杨柳苑", Level.ESTATE, "C")
    assert directory.places["D"].parent is None
    assert directory.devices["bin-1"] == Device("bin-1", "bin", "E", "满溢", "gw", "绿桶")
    assert directory.parties["S", "ops_center"].pages == (Page("console"), Page("drop"))
    assert loaded.contacts["S", "ops_center"] == ("13800000001", "李安 13800000002")
    assert loaded.plugins["bins"].enabled
    assert loaded.plugins["bins"].scenarios == {"overflow": {"full_at": 85}}
    assert loaded.street.calendars == {}
    assert loaded.path("var/x.db") == loaded.folder / "var/x.db"


def test_shifts_are_local_and_half_open(write: Write) -> None:
    directory = load_street(write()).street.directory
    for at, person in [("2026-01-01T11:59:59", "沈安"), ("2026-01-01T12:00:00", "顾平")]:
        holder = directory.holder("ops_center", "E", datetime.fromisoformat(at).replace(tzinfo=UTC))
        assert holder is not None
        assert holder.people == (person,)


@pytest.mark.parametrize("written", ["2026-01-01 08:00", "2026-01-01T08:00:00", "2026/1/1 8:00", "2026/01/01 08:00:00"])
def test_times_are_read_as_people_and_excel_write_them(write: Write, written: str) -> None:
    roster = f"role,place,from,to,person\nops_center,S,{written},2026-01-02 08:00,沈安\n"
    [shift] = load_street(write(roster_csv=roster)).street.directory.roster["S", "ops_center"].shifts
    assert shift.begins == datetime(2026, 1, 1, 0, 0, tzinfo=UTC)


def test_a_file_from_excel_is_read(write: Write) -> None:
    text = 'parent,level,name,code\n,district,示例区,D\nD,street,青禾街道,S\n\nS,estate,"苑, 东",E\n,,,\n'
    places = b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
    settings = b"\xef\xbb\xbf" + GOOD["civicloop.toml"].replace("\n", "\r\n").encode()
    loaded = load_street(write(places_csv=places, civicloop_toml=settings))
    assert list(loaded.street.directory.places) == ["D", "S", "E"]
    assert loaded.street.directory.places["E"].name == "苑, 东"
    assert loaded.locate("street.zone") == 4


def test_full_width_semicolons_part_entries_too(write: Write) -> None:
    parties = "place,role,organisation,contacts,channels\nS,ops_center,城运中心,a；b; ,console；drop\n"
    party = load_street(write(parties_csv=parties, rotations_csv=None)).street.directory.parties["S", "ops_center"]
    assert (party.contacts, party.pages) == (("a", "b"), (Page("console"), Page("drop")))


P0, P1, P2, P3 = Severity
HALF_PAST = timedelta(minutes=90)


@pytest.mark.parametrize(
    ("cell", "pages"),
    [
        ("console", [Page("console")]),
        ("console;drop+5", [Page("console"), Page("drop", timedelta(minutes=5))]),
        ("console; drop+90@P1", [Page("console"), Page("drop", HALF_PAST, P1)]),
        ("console;drop@P0", [Page("console"), Page("drop", timedelta(), P0)]),
        ("console＠P2；drop＋90", [Page("console", timedelta(), P2), Page("drop", HALF_PAST)]),
        ("console;console+90", [Page("console"), Page("console", HALF_PAST)]),  # called twice
        ("drop+0@P3", [Page("drop")]),
        ("", [Page("drop")]),  # what the street uses for ops
    ],
)
def test_ways_to_be_reached_have_delays_and_severities(write: Write, cell: str, pages: list[Page]) -> None:
    settings = GOOD["civicloop.toml"] + '[delivery]\nops = ["drop"]\n'
    parties = f"place,role,organisation,contacts,channels\nS,ops_center,城运中心,,{cell}\n"
    folder = write(civicloop_toml=settings, parties_csv=parties, rotations_csv=None)
    assert load_street(folder).street.directory.parties["S", "ops_center"].pages == tuple(pages)


def test_a_party_without_channels_has_those_that_the_street_uses(write: Write) -> None:
    assert load_street(write()).street.directory.parties["E", "cleaner"].pages == (Page("console"),)


@pytest.mark.parametrize(
    ("cell", "quiet"),
    [
        ("", None),
        ("22:00-07:00", (time(22), time(7))),
        ("12:30-14:00", (time(12, 30), time(14))),
        ("9：00-9：30", (time(9), time(9, 30))),
    ],
)
def test_quiet_hours_are_read(write: Write, cell: str, quiet: tuple[time, time] | None) -> None:
    parties = GOOD["parties.csv"].replace("channels\n", "channels,quiet\n").replace("drop\n", f"drop,{cell}\n")
    parties = parties.replace("13800000003,\n", "13800000003,,\n")
    assert load_street(write(parties_csv=parties)).street.directory.parties["S", "ops_center"].quiet == quiet


def test_a_person_has_ways_of_their_own(write: Write) -> None:
    directory = load_street(write()).street.directory
    pages = (Page("console"), Page("drop", timedelta(minutes=5), P1))
    assert directory.people == {"顾平": Person("顾平", ("13800000004",), pages, (time(22), time(7)))}
    at = {hour: datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in (1, 13)}
    reaches = {hour: directory.holder("ops_center", "E", now) for hour, now in at.items()}
    assert [found and found.reaches for found in reaches.values()] == [
        (Reach("", (Page("console"), Page("drop"))),),  # of 沈安, who has no row
        (Reach("顾平", pages, (time(22), time(7))),),
    ]


@pytest.mark.parametrize(("more", "wakes"), [("", P1), ('[delivery]\nwakes = "P3"\n', P3)])
def test_what_quiet_hours_do_not_hold_back(write: Write, more: str, wakes: Severity) -> None:
    assert load_street(write(civicloop_toml=GOOD["civicloop.toml"] + more)).street.wakes is wakes


def test_the_files_that_came_later_may_be_missing(write: Write) -> None:
    directory = load_street(write(people_csv=None, rotations_csv=None)).street.directory
    assert directory.people == {}
    assert list(directory.roster) == [("S", "ops_center")]


def test_the_calendar_is_read(write: Write) -> None:
    text = (
        'weekdays = ["mon", "sat"]\nslots = ["09:00-11:30", "13:00-17:00"]\n'
        'holidays = [2025-01-01, "2025-10-01 to 2025-10-03"]\nworkdays = [2025-09-28]\n'
    )
    loaded = load_street(write(calendar_toml=text))
    calendar = loaded.street.calendar
    assert calendar.weekdays == {0, 5}
    assert calendar.slots == ((time(9), time(11, 30)), (time(13), time(17)))
    assert calendar.holidays == {date(2025, 1, 1), date(2025, 10, 1), date(2025, 10, 2), date(2025, 10, 3)}
    assert calendar.workdays == {date(2025, 9, 28)}
    assert str(calendar.zone) == "Asia/Shanghai"


@pytest.mark.parametrize(
    ("written", "slots"),
    [
        (["22:00-06:00"], ((time(22), time(6)),)),
        (["08:00-12:00", "18:00-24:00"], ((time(8), time(12)), (time(18), time()))),
        (["08:00-12:00", "18:00-00:00"], ((time(8), time(12)), (time(18), time()))),
        (["00:00-24:00"], ((time(), time()),)),
        (
            ["06:00-14:00", "14:00-22:00", "22:00-06:00"],
            ((time(6), time(14)), (time(14), time(22)), (time(22), time(6))),
        ),
    ],
)
def test_slots_up_to_midnight_and_beyond(write: Write, written: list[str], slots: Slots) -> None:
    assert load_street(write(calendar_toml=f"slots = {written}")).street.calendar.slots == slots


def test_an_organisation_has_hours_of_its_own_and_the_rest_from_the_street(write: Write) -> None:
    text = (
        'holidays = ["2025-10-01 to 2025-10-08"]\nworkdays = [2025-09-28]\n'
        '[organisations."柳新物业"]\nslots = ["06:00-12:00"]\n'
        '[organisations."城运中心"]\nweekdays = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]\n'
        'slots = ["20:00-08:00"]\nholidays = []\n'
    )
    street = load_street(write(calendar_toml=text)).street
    assert street.calendars["柳新物业"] == replace(street.calendar, slots=((time(6), time(12)),))
    centre = replace(street.calendar, slots=((time(20), time(8)),), holidays=frozenset(), weekdays=frozenset(range(7)))
    assert street.calendars["城运中心"] == centre
    start = datetime(2025, 9, 30, 17, tzinfo=street.calendar.zone)
    for organisation, day, hour in [("", 9, 11), ("柳新物业", 9, 10), ("城运中心", 1, 0), ("别家", 9, 11)]:
        due = datetime(2025, 10, day, hour, tzinfo=street.calendar.zone)
        assert street.deadline(start, work_hours(4), organisation) == due, organisation
    assert street.calendar_of("城运中心").worked(start, start + timedelta(days=1)) == timedelta(hours=12)
    assert street.calendar_of("别家") is street.calendar


def test_limits_reach_the_street(write: Write) -> None:
    loaded = load_street(write(civicloop_toml=GOOD["civicloop.toml"] + "[limits]\nrepeat_hours = 8\n"))
    assert loaded.street.repeat_after == hours(8)
    assert loaded.settings.limits.queue_events_max == 10_000


def test_no_repr_shows_a_phone_or_a_name(write: Write) -> None:
    loaded = load_street(write())
    shown = repr(loaded) + repr(loaded.contacts) + repr(loaded.street) + repr(loaded.settings)
    shown += repr(loaded.street.directory.holder("cleaner", "E", datetime(2026, 1, 5, 1, tzinfo=UTC)))
    for secret in ("13800000001", "13800000002", "13800000004", "李安", "沈安", "顾平", "周洁"):
        assert secret not in shown


def test_a_channel_is_kept_raw_for_the_plugin_that_brings_its_kind_and_never_shown(write: Write) -> None:
    hook = '[channels.hook]\nkind = "wecom"\nurl = "https://x/?key=k3y"\n'
    loaded = load_street(write(civicloop_toml=GOOD["civicloop.toml"] + hook))
    channel = loaded.settings.channels["hook"]
    assert (channel.kind, channel.settings) == ("wecom", {"url": "https://x/?key=k3y"})
    assert "k3y" not in repr(loaded.settings) + str(channel)
    assert loaded.locate(("channels", "hook", "url")) == 14


@pytest.mark.parametrize(
    ("address", "host", "port", "own"),
    [
        ("127.0.0.1:8420", "127.0.0.1", 8420, True),
        ("[::1]:0", "::1", 0, True),
        ("localhost:80", "localhost", 80, True),
        ("0.0.0.0:80", "0.0.0.0", 80, False),  # the daemon refuses it as long as no token exists
        ("street.example:80", "street.example", 80, False),
    ],
)
def test_an_address_is_split_and_told_from_this_machines_own(
    write: Write, address: str, host: str, port: int, own: bool
) -> None:
    loaded = load_street(write(civicloop_toml=f"{GOOD['civicloop.toml']}[listen]\naddress = '{address}'\n"))
    assert split_address(loaded.settings.listen.address) == (host, port)
    assert is_loopback(host) == own


def test_the_digest_names_the_bytes_of_all_files(write: Write) -> None:
    before = load_street(write()).digest
    assert load_street(write()).digest == before
    assert load_street(write(calendar_toml="# one more word\n")).digest != before


def test_a_later_layer_complains_at_the_line_of_a_key(write: Write) -> None:
    loaded = load_street(write())
    told = loaded.complaint("plugins.bins.overflow.full_at", "it is too high", "write 90")
    assert told == Complaint("civicloop.toml", 11, "it is too high", "write 90")
    assert str(told) == "civicloop.toml:11: it is too high; write 90"


def test_a_bad_reload_keeps_what_was_loaded(write: Write) -> None:
    old = load_street(write())
    with pytest.raises(StreetError):
        load_street(write(places_csv="nonsense"))
    assert old.street.directory.places["E"].name == "杨柳苑"
    assert load_street(write()) == old


def test_a_folder_that_is_not_there_is_said_once(tmp_path: Path) -> None:
    with pytest.raises(StreetError, match="no such folder") as error:
        load_street(tmp_path / "nowhere")
    assert len(error.value.complaints) == 1


def test_all_complaints_are_told_at_once_in_order(write: Write) -> None:
    folder = write(
        roster_csv="role,place,from,to,person\ncleaner,X,2026-01-01 08:00,2026-01-01 20:00,a\n",
        devices_csv="id,kind,place,purpose,via,vendor\nb,bin,X,,,\nb,bin,E,,,\nc,,E,,,\n",
        civicloop_toml=GOOD["civicloop.toml"].replace("zone", "zome") + "[listen]\naddress = '8420'\n",
        calendar_toml=None,
    )
    with pytest.raises(StreetError) as error:
        load_street(folder)
    told = error.value.complaints
    assert [(one.file, one.line) for one in told] == [
        *(("civicloop.toml", line) for line in (1, 4, 13)),
        ("calendar.toml", 0),
        *(("devices.csv", line) for line in (2, 3, 4)),
        ("roster.csv", 2),
    ]
    assert str(error.value) == "\n".join(map(str, told))
    assert str(error.value).splitlines()[3].startswith("calendar.toml: it is missing; ")


def test_a_flood_of_complaints_is_cut_and_counted(write: Write) -> None:
    rows = "".join(f"d{number},bin,NOWHERE,,,\n" for number in range(1500))
    with pytest.raises(StreetError) as error:
        load_street(write(devices_csv="id,kind,place,purpose,via,vendor\n" + rows))
    assert len(error.value.complaints) == 1001
    assert "500 more complaints" in str(error.value)


def test_a_hundred_thousand_devices_load(write: Write) -> None:
    rows = "".join(f"d{number},bin,E,满溢,gw-{number % 100},绿桶\n" for number in range(100_000))
    devices = load_street(write(devices_csv="id,kind,place,purpose,via,vendor\n" + rows)).street.directory.devices
    assert len(devices) == 100_000
    assert devices["d99999"].via == "gw-99"
    assert devices["d1"].kind is devices["d2"].kind
