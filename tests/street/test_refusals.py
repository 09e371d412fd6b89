"""Everything that can be wrong with a folder: one row each, with the file, the line and the words that are told."""

import pytest

from civicloop.core.street import rows, source
from civicloop.core.street.complaint import StreetError
from civicloop.core.street.folder import load_street

from .conftest import GOOD, Write

TOML = GOOD["civicloop.toml"]
PLACES, DEVICES, PARTIES, PEOPLE, ROSTER, ROTATIONS = (
    GOOD[f"{name}.csv"].encode() for name in ("places", "devices", "parties", "people", "roster", "rotations")
)
ROSTER_HEAD = b"role,place,from,to,person\n"
SHIFT = "ops_center,S,2026-01-01 08:00,2026-01-01 20:00,沈安\n".encode()


def toml(more: str, old: str = "", new: str = "") -> str:
    return TOML.replace(old, new) + more if old else TOML + more


SETTINGS = [
    # what is written, line, words
    (None, 0, ["it is missing", "civicloop init"]),
    (b"[street]\ncode = \xff", 2, ["0xff at offset 16", "UTF-8"]),
    ("[street]\ncode = S\n", 2, ["not TOML", "quotes"]),
    ("[street", 1, ["not TOML"]),
    ("x = " + "[" * 5000, 0, ["nested too deeply"]),
    ("# " + "x" * 2**20, 0, ["larger than 1048576 bytes"]),
    (toml("", "[street]\n", "[streat]\n"), 1, ["unknown key 'streat'", "did you mean 'street'?"]),
    (toml("", "[street]\n", "[street]\nlanguag = 'zh'\n"), 2, ["street.languag", "did you mean 'language'?"]),
    (toml("", 'code = "S"\n', ""), 1, ["street.code is missing", "add code = ... to [street]"]),
    ("[channels.console]\nkind = 'console'\n", 1, ["street is missing", "add the table [street]"]),
    (toml("", '"S"', '"S 1"'), 2, ["street.code: it is not one word"]),
    (toml("", '"S"', "7"), 2, ["street.code is 7", "it should be a text in quotes"]),
    (toml("", '"青禾街道"', '"  "'), 3, ["street.name: it is empty"]),
    (toml("", "Asia/Shanghai", "Asia/Shangai"), 4, ["IANA", "did you mean 'Asia/Shanghai'?"]),
    (toml("", "Asia/Shanghai", "../etc/passwd"), 4, ["IANA"]),
    (toml("", '"S"', '"S"\nlanguage = "fr"'), 3, ["street.language is a text", "'zh' or 'en'"]),
    (toml("[store]\npath = ''\n"), 13, ["store.path: it is empty"]),
    (toml("[listen]\naddress = '8420'\n"), 13, ["listen.address", "HOST:PORT"]),
    (toml("[listen]\naddress = '127.0.0.1:70000'\n"), 13, ["HOST:PORT"]),
    (toml("[listen]\nadress = '127.0.0.1:1'\n"), 13, ["did you mean 'address'?"]),
    (toml("[limits]\nqueue_events_max = 0\n"), 13, ["limits.queue_events_max is 0", "greater than or equal to 1"]),
    (toml(f"[limits]\nqueue_events_max = 0x{'f' * 9000}\n"), 13, ["is a huge number", "less than or equal to"]),
    (toml(f"[limits]\n{'x' * 9000} = 1\n"), 13, ["unknown key 'limits.xxx", "..."]),
    (toml("[limits]\nqueue_events_max = '9'\n"), 13, ["is a text", "it should be a whole number"]),
    (toml("[limits]\nqueue_events_max = true\n"), 13, ["is True", "it should be a whole number"]),
    (toml("[limits]\nbatch_events_max = 20000\n"), 13, ["limits.batch_events_max: it exceeds queue_events_max"]),
    (toml("[limits]\ndedupe_days = 7\n"), 13, ["limits.dedupe_days is 7", "equal to 30"]),
    (toml("[limits]\nrepeat_hour = 7\n"), 13, ["did you mean 'repeat_hours'?"]),
    (toml("[channels.x]\nurl = ''\n"), 12, ["channels.x.kind is missing", "add kind = ... to [channels.x]"]),
    (toml("[channels.x]\nkind = 3\n"), 13, ["channels.x.kind is 3", "it should be a text in quotes"]),
    (toml("[channels.x]\nkind = ''\n"), 13, ["channels.x.kind: it is not one word"]),
    ("channels = 3\n" + TOML.replace("[channels.", "[other."), 1, ["channels is 3", "it should be a table"]),
    (toml("[delivery]\ndefault = ['consol']\n"), 13, ["channel 'consol' is not defined", "did you mean 'console'?"]),
    (toml("[delivery]\nops = [\n  'console',\n  'fax',\n]\n"), 15, ["delivery.ops: channel 'fax'"]),
    (toml("[delivery]\ndefault = []\n"), 13, ["delivery.default is empty"]),
    (toml("[delivery]\ndefault = 'console'\n"), 13, ["delivery.default is a text", "it should be a list"]),
    (toml("", "channels.console", "channels.screen"), 1, ["channel 'console' is not defined", "[channels.console]"]),
    (toml("[plugins.bins2]\nenabeld = false\n"), 13, ["'plugins.bins2.enabeld'", "did you mean 'enabled'?"]),
    (toml("[plugins.bins2]\nfull_at = 3\n"), 13, ["[plugins.bins2.SCENARIO]"]),
    (
        toml("[plugins.bins2]\nenabled = 'yes'\n"),
        13,
        ["plugins.bins2.enabled is a text", "it should be a plain true or false"],
    ),
    (
        toml("[plugins]\nbins2 = true\n", "[plugins.bins.overflow]\nfull_at = 85\n", "\n"),
        12,
        ["plugins.bins2 is True", "it should be a table"],
    ),
]

CALENDAR = [
    (None, 0, ["it is missing"]),
    ("holiday = []\n", 1, ["unknown key 'holiday'", "did you mean 'holidays'?"]),
    ("holidays = [\n  2025-01-01,\n  'New Year',\n]\n", 3, ["holidays.1: it is not a day", "2025-10-01 to"]),
    ("holidays = [2025-01-01T08:00:00]\n", 1, ["it is not a day"]),
    ("holidays = ['2025-02-30 to 2025-03-02']\n", 1, ["there is no day 2025-02-30"]),
    ("holidays = ['2025-03-02 to 2025-03-01']\n", 1, ["it ends before it begins"]),
    ("holidays = ['2025-03-02 to 2027-03-01']\n", 1, ["too long"]),
    ("holidays = [\n2025-01-01,\n2025-01-01]\n", 3, ["2025-01-01 is named a second time, after line 2"]),
    ("holidays = [2025-01-01]\nworkdays = [2025-01-01]\n", 2, ["2025-01-01", "as a holiday or as a workday"]),
    ("slots = ['08:00-12:00', '11:00-15:00']\n", 1, ["slots: its slots overlap"]),
    ("slots = ['08:00 - 12:00']\n", 1, ["slots.0: it is not a working slot"]),
    ("slots = ['08:00-08:00']\n", 1, ["not a working slot", "'00:00-24:00' for the whole day".replace("'", '"')]),
    ("slots = ['00:00-00:00']\n", 1, ["not a working slot"]),
    ("slots = ['24:00-08:00']\n", 1, ["not a working slot"]),
    ("slots = ['08:00-24:30']\n", 1, ["not a working slot"]),
    ("slots = ['08:00-12:60']\n", 1, ["not a working slot"]),
    ("slots = ['22:00-06:00', '08:00-12:00']\n", 1, ["slots: its slots overlap or are out of order"]),
    ("slots = ['05:00-12:00', '22:00-06:00']\n", 1, ["slots: its slots overlap"]),
    ("weekdays = ['sat', 'sat']\n\nslots = ['09:00-11:59']\n", 3, ["less than 3 hours of work a week"]),
    ("slots = []\n", 1, ["slots is a list", "at least 1 item"]),
    ("weekdays = ['monday']\n", 1, ["not a weekday", "mon, tue"]),
    ("weekdays = []\n", 1, ["at least 1 item"]),
    ("[organisations.'柳新物管']\nslots = ['08:00-12:00']\n", 1, ["'柳新物管'", "did you mean '柳新物业'?"]),
    ("[organisations.x]\nslot = []\n", 2, ["did you mean 'slots'?"]),
    ("[organisations.x]\nslots = ['a']\n", 2, ["organisations.x.slots.0"]),
    ("[organisations.x]\nslots = []\n", 2, ["organisations.x.slots is a list", "at least 1 item"]),
    ("[organisations.x]\n\nslots = ['12:00-12:30']\n", 3, ["less than 3 hours of work a week"]),
    ("[organisations.x]\nweekday = []\n", 2, ["did you mean 'weekdays'?"]),
    ("[organisations.x]\nholidays = [\n2025-01-01,\n2025-01-01]\n", 4, ["named a second time, after line 3"]),
    ("workdays = [2025-01-01]\n[organisations.x]\nholidays = [2025-01-01]\n", 1, ["second time, after line 3", "of x"]),
    ("holidays = [2025-01-01]\n[organisations.x]\nworkdays = [2025-01-01]\n", 3, ["second time, after line 1", "of x"]),
]

PLACE = [
    (None, 0, ["it is missing"]),
    (b"", 0, ["it has no header", "code,name,level,parent"]),
    (b"\n\n", 0, ["it has no header"]),
    (PLACES.replace(b"level", b"levle"), 1, ["unknown column 'levle'", "did you mean 'level'?"]),
    (PLACES.replace(b",parent", b",parent,parent"), 1, ["column 'parent' is there 2 times"]),
    (PLACES + "F,名\n".encode(), 6, ["2 cells, the header 4"]),
    (PLACES + b"F,,estate,C\n", 6, ["name is empty"]),
    (PLACES + b"F,x,,C\n", 6, ["level is empty"]),
    (PLACES + b"E,x,estate,C\n", 6, ["place 'E' was there before, on line 5", "keep one"]),
    (PLACES + b"F,x,estat,C\n", 6, ["unknown level 'estat'", "did you mean 'estate'?"]),
    (PLACES + b"F,x,zzz,C\n", 6, ["one of city, district"]),
    (PLACES + b"F,x,estate,CC\n", 6, ["unknown parent 'CC' of 'F'", "did you mean 'C'?"]),
    (PLACES + b"F,x,estate,nowhere\n", 6, ["unknown parent 'nowhere' of 'F'", "add a row"]),
    (PLACES + b"F,x,committee,E\n", 6, ["the committee 'F' lies in the estate 'E'", "must be larger"]),
    (PLACES + b"F,x,estate,E\n", 6, ["the estate 'F' lies in the estate 'E'"]),
    (PLACES + b"F,x,estate,G\nG,y,building,F\n", 6, ["circle: F -> G -> F"]),
    (PLACES + b"F,x,estate,F\n", 6, ["circle: F -> F"]),
    (PLACES + b"F,x,street,D\n", 6, ["'F' lies neither in the street 'S' nor around it"]),
    (PLACES + b"F,x,estate,\n", 6, ["'F' lies neither"]),
    (PLACES.replace(b"S,", b"T,", 1).replace(b",S", b",T"), 1, ["street 'S' of civicloop.toml is not among"]),
    (PLACES.replace(b",street,", b",area,"), 3, ["'S' has the level area", "must name a street"]),
    (PLACES + b"F,\xd1\xee,estate,C\n", 6, ["0xd1 at offset 122", "CSV UTF-8"]),
    (b"\xef\xbb\xbf" + b"code\xff", 1, ["0xff at offset 7"]),
    (PLACES + b'F,"x,estate,C\n', 6, ["not CSV"]),
    (PLACES + b'F,"x"y,estate,C\n', 6, ["not CSV"]),
    (PLACES + b'F,"a\nb",estate,C\n', 6, ["name holds the invisible character U+000A"]),
    (PLACES + "F\u200b,x,estate,C\n".encode(), 6, ["code holds the invisible character U+200B"]),
    (PLACES + b"F," + b"x" * 2001 + b",estate,C\n", 6, ["name is longer than 2000"]),
    (PLACES + b"F," + b"x" * 200_000 + b",estate,C\n", 6, ["not CSV", "field limit"]),
    (PLACES + b"\n" * rows.ROWS_MAX, 4_000_001, ["more than 4000000 lines"]),
    (b"x" * (source.FILE_BYTES_MAX + 1), 0, ["larger than 268435456 bytes"]),
]

DEVICE = [
    (None, 0, ["it is missing"]),
    (DEVICES + b"bin-1,bin,E,,,\n", 3, ["device 'bin-1' was there before, on line 2"]),
    (DEVICES + b"bin-2,bin,EE,,,\n", 3, ["unknown place 'EE' of device 'bin-2'", "did you mean 'E'?"]),
    (DEVICES + b"bin-2,,E,,,\n", 3, ["kind is empty"]),
    (DEVICES.replace(b"vendor", b"maker"), 1, ["unknown column 'maker'"]),
]

PARTY = [
    (None, 0, ["it is missing"]),
    (PARTIES + "E,cleaner,别家,,\n".encode(), 4, ["cleaner at 'E' was there before, on line 3"]),
    (PARTIES + b"EE,cleaner,x,,\n", 4, ["unknown place 'EE'"]),
    (PARTIES + b"E,Cleaner,x,,\n", 4, ["role is not a role's name"]),
    (PARTIES + b"E,hauler,x,,consol\n", 4, ["channel 'consol' is not defined", "did you mean 'console'?"]),
    (PARTIES + b"E,hauler,x,,fax\n", 4, ["add [channels.NAME]", "known are console, drop"]),
    (PARTIES + b"E,hauler,x,,console;console\n", 4, ["names one of them twice"]),
    (PARTIES + b"E,hauler,x,,console;console+0\n", 4, ["names one of them twice", "sms+10"]),
    (PARTIES + b"E,hauler,x,,console;console+10x\n", 4, ["entry 2 is not NAME, NAME+MINUTES", "voice+10@P1"]),
    (PARTIES + b"E,hauler,x,,console@P4\n", 4, ["entry 1 is not NAME"]),
    (PARTIES + b"E,hauler,x,,console@p1\n", 4, ["entry 1 is not NAME"]),
    (PARTIES + b"E,hauler,x,,console+1441\n", 4, ["entry 1 is not NAME", "at most 1440 minutes"]),
    (PARTIES + b"E,hauler,x,,console@P1+5\n", 4, ["entry 1 is not NAME"]),
    (PARTIES + b"E,hauler,x,,+5\n", 4, ["entry 1 is not NAME"]),
    (PARTIES + b"E,hauler,x,,console@P1;drop@P2\n", 4, ["no way for lesser cases", "leave @ off"]),
    (PARTIES.replace(b"channels", b"channels,quite"), 1, ["unknown column 'quite'", "did you mean 'quiet'?"]),
    *(
        (
            PARTIES.replace(b"channels\n", b"channels,quiet\n") + b"E,hauler,x,,," + quiet + b"\n",
            4,
            ["quiet is not a span"],
        )
        for quiet in (b"22-7", b"22:00-22:00", b"22:00-24:00", b"22:00-23:60", b"22:00")
    ),
    (PARTIES + b"E,hauler,,,\n", 4, ["organisation is empty"]),
    (
        PARTIES.replace(b"ops_center", b"call_center"),
        1,
        ["nobody holds ops_center", "S,ops_center,ORGANISATION,,console"],
    ),
]

SHIFTS = [
    (None, 0, ["it is missing"]),
    (
        ROSTER + b"cleaner,S,2026-01-01 08:00,2026-01-01 20:00,a\n",
        4,
        ["no party holds cleaner at 'S'", "ops_center"],
    ),
    (ROSTER_HEAD + SHIFT.replace(b"ops_center", b"ops_centre"), 2, ["did you mean 'ops_center'?"]),
    (ROSTER_HEAD + SHIFT.replace(b",S,", b",X,"), 2, ["unknown place 'X'"]),
    (ROSTER_HEAD + SHIFT.replace(b"08:00", b"20:00"), 2, ["does not end after it begins"]),
    (ROSTER_HEAD + SHIFT.replace(b"08:00", b"21:00"), 2, ["does not end after it begins"]),
    (ROSTER_HEAD + SHIFT.replace(b"08:00", b"8 am"), 2, ["from is not a local time", "2026-01-31 08:00"]),
    (ROSTER_HEAD + SHIFT.replace(b"20:00", b"24:00"), 2, ["to is not a local time", "00:00 of the next day"]),
    (ROSTER_HEAD + SHIFT.replace(b"08:00", b"08:00+08:00"), 2, ["from is not a local time"]),
    (ROSTER_HEAD + SHIFT.replace(b"2026-01-01 08", b"0001-01-01 08"), 2, ["of the years 2000 to 2100"]),
    (ROSTER_HEAD + SHIFT.replace(b"2026-01-01 08", b"2026-02-30 08"), 2, ["from is not a local time"]),
    (ROSTER_HEAD + SHIFT.replace("沈安".encode(), b""), 2, ["person is empty"]),
    (ROSTER_HEAD + SHIFT + SHIFT, 3, ["沈* is on duty here already, by the shift of line 2"]),
    (ROSTER_HEAD + SHIFT + SHIFT.replace(b"20:00", b"21:00"), 3, ["by the shift of line 2"]),
]

WITH = b"role,place,from,to,person,instead_of\n"
STAND_IN = "ops_center,S,2026-01-01 08:00,2026-01-01 09:00,方远,顾平\n".encode()
FOR_CLEANER = "cleaner,E,2026-01-05 08:00,2026-01-05 09:00,方远,周洁\n".encode()
FOR_FANG = "cleaner,E,2026-01-05 08:00,2026-01-05 09:00,圆圆,方远\n".encode()
SHIFTS += [
    (ROSTER.replace(b"person", b"person,instead"), 1, ["unknown column 'instead'", "did you mean 'instead_of'?"]),
    (WITH + STAND_IN, 2, ["instead_of: 顾* is not on duty here in this time", "leave instead_of empty"]),
    (WITH + STAND_IN.replace("顾平".encode(), b"*"), 2, ["instead_of: nobody on duty here"]),
    (WITH + SHIFT.replace(b"\n", b",\n") + STAND_IN, 3, ["顾* is not on duty"]),
    (WITH + FOR_CLEANER.replace(b"-05 ", b"-11 "), 2, ["周* is not on duty"]),  # a Sunday
    (WITH + FOR_CLEANER.replace(b"-05 ", b"-12 "), 2, ["周* is not on duty"]),  # in the week of the other
    (WITH + FOR_CLEANER.replace(b"08:", b"17:").replace(b"09:", b"18:"), 2, ["周* is not on duty"]),
    (WITH + FOR_CLEANER.replace("周洁".encode(), "司马青".encode()), 2, ["司** is not on duty"]),
    (
        WITH + FOR_CLEANER + FOR_CLEANER.replace("方远".encode(), b"x"),
        3,
        ["周* is replaced here already", "line 2"],
    ),
    (
        WITH + SHIFT.replace(b"\n", b",\n") + STAND_IN.replace("顾平".encode(), "沈安".encode()) * 2,
        4,
        ["沈* is replaced here already"],
    ),
]

PERSONS = [
    (PEOPLE + "顾平,,console,\n".encode(), 3, ["顾* was there before, on line 2", "tell two people of one name apart"]),
    (PEOPLE + b",13812345678,console,\n", 3, ["person is empty"]),
    (PEOPLE + "沈安,13812345678,consol,\n".encode(), 3, ["did you mean 'console'?"]),
    (PEOPLE + "沈安,13812345678,,8-9\n".encode(), 3, ["quiet is not a span"]),
    (PEOPLE.replace(b"contacts", b"phones"), 1, ["unknown column number 2"]),
]

TURN_HEAD = b"role,place,people,every,from,to,days,hours\n"
TURN = "cleaner,E,周洁;吴勤,week,2026-01-05,,mon-sat,07:00-17:00\n".encode()


def turn(old: str, new: str) -> bytes:
    assert old.encode() in TURN
    return TURN_HEAD + TURN.replace(old.encode(), new.encode())


TURNS = [
    (turn("cleaner", "cleanr"), 2, ["no party holds cleanr at 'E'", "did you mean 'cleaner'?"]),
    (turn(",E,", ",F,"), 2, ["unknown place 'F'"]),
    (turn("周洁;吴勤", ""), 2, ["people is empty"]),
    (turn("周洁;吴勤", ";；"), 2, ["people names nobody", "甲;乙"]),
    (turn("周洁;吴勤", "周洁;吴勤+"), 2, ["people names nobody in one of its turns"]),
    (turn("week", "month"), 2, ["every is not the length of a turn", "2 weeks"]),
    (turn("week", "0 days"), 2, ["every is not"]),
    (turn("week", "53 weeks"), 2, ["every is not"]),
    (turn("2026-01-05", "5 January"), 2, ["from is not a day", "2026-01-31"]),
    (turn("2026-01-05", "2026-02-30"), 2, ["from is not a day"]),
    (turn("2026-01-05", "1026-01-05"), 2, ["of the years 2000 to 2100"]),
    (turn("2026-01-05,", "2026-01-05,soon"), 2, ["to is not a day"]),
    (turn("2026-01-05,", "2026-01-05,2026-01-04"), 2, ["nobody is ever on duty by it", "later day than from"]),
    (turn("2026-01-05,,mon-sat", "2026-01-05,2026-01-09,sun"), 2, ["nobody is ever on duty"]),
    (turn("mon-sat", "weekdays"), 2, ["days is not weekdays", "mon-fri or sat;sun"]),
    (turn("mon-sat", "mon-wed-fri"), 2, ["days is not weekdays"]),
    (turn("07:00-17:00", "7-17"), 2, ["hours is not a span", "handed over at eight"]),
    (turn("07:00-17:00", ";"), 2, ["hours is not a span"]),
    (turn("07:00-17:00", "07:00-17:00;16:00-18:00"), 2, ["its own hours overlap"]),
    (turn("07:00-17:00", "20:00-08:00;07:00-09:00"), 2, ["its own hours overlap"]),
    (TURN_HEAD + TURN * 25, 26, ["more than 24 rotations"]),
]
OVERLAPS = [  # against the one of the good folder: Monday to Saturday, seven to five, from the fifth of January on
    ("2026-01-05,,,00:00-00:00", True),
    ("2026-01-05,,,17:00-07:00", False),
    ("2026-01-05,,,17:00-07:01", True),
    ("2025-01-05,,sun,", False),
    ("2025-01-05,,sun,07:00-07:00", False),
    ("2025-01-05,,sun,08:00-08:00", True),
    ("2025-01-05,2026-01-04,,", False),
    ("2025-01-05,2026-01-04,,08:00-08:00", True),  # the last shift of which runs into the fifth
    ("2025-01-05,2026-01-05,,", True),
    ("2030-01-05,,sat,", True),
]
TURNS += [
    (ROTATIONS + b"cleaner,E,a,day," + cells.encode() + b"\n", 3, ["at the same time as the rotation of line 2"])
    for cells, overlap in OVERLAPS
    if overlap
]

TABLE = {
    "civicloop.toml": SETTINGS,
    "calendar.toml": CALENDAR,
    "places.csv": PLACE,
    "devices.csv": DEVICE,
    "parties.csv": PARTY,
    "people.csv": PERSONS,
    "roster.csv": SHIFTS,
    "rotations.csv": TURNS,
}
ROWS = [
    pytest.param(file, *row, id=f"{file}-{number}") for file, table in TABLE.items() for number, row in enumerate(table)
]


@pytest.mark.parametrize(("file", "content", "line", "words"), ROWS)
def test_what_is_wrong_is_told(
    write: Write, file: str, content: str | bytes | None, line: int, words: list[str]
) -> None:
    with pytest.raises(StreetError) as error:
        load_street(write(**{file.replace(".", "_"): content}))
    told = [str(one) for one in error.value.complaints if (one.file, one.line) == (file, line)]
    assert any(all(word in text for word in words) for text in told), str(error.value)
    assert error.value.complaints[0].file == file, str(error.value)  # what follows from it stands behind it


@pytest.mark.parametrize("file", TABLE)
def test_a_folder_in_the_place_of_a_file_is_refused(write: Write, file: str) -> None:
    folder = write(**{file.replace(".", "_"): None})
    (folder / file).mkdir()
    with pytest.raises(StreetError, match=f"{file}: it is not a file"):
        load_street(folder)


LEAKS = {
    "a phone where a channel should be": {"parties_csv": PARTIES + b"E,hauler,x,,13812345678\n"},
    "a forgotten header": {"parties_csv": b"S,ops_center,x,13812345678,console\n"},
    "a roster without header": {"roster_csv": "ops_center,S,2026-01-01 08:00,2026-01-01 20:00,司马青\n"},
    "a name where a role should be": {"roster_csv": ROSTER + "司马青,S,2026-01-01 08:00,2026-01-01 20:00,a\n".encode()},
    "overlapping shifts": {"roster_csv": (ROSTER_HEAD + SHIFT + SHIFT).replace("沈安".encode(), "司马青".encode())},
    "a phone behind a channel": {"parties_csv": PARTIES + b"E,hauler,x,,console+13812345678\n"},
    "a person without header": {"people_csv": "司马青,13812345678,console,\n"},
    "a person twice": {"people_csv": PEOPLE + "司马青,13812345678,,\n司马青,13812345678,,\n".encode()},
    "turns in a wrong column": {"rotations_csv": TURN_HEAD + "cleaner,E,week,司马青;沈安,2026-01-05,,,\n".encode()},
    "turns without header": {"rotations_csv": "cleaner,E,司马青;沈安,week,2026-01-05,,,\n"},
    "a stand-in for nobody": {"roster_csv": WITH + STAND_IN.replace("顾平".encode(), "司马青".encode())},
    "an invisible sign in a phone": {"parties_csv": PARTIES + "E,hauler,x,\u200b13812345678\u200b1,\n".encode()},
    "a secret in a wrong place": {"civicloop_toml": toml("[limits]\nrepeat_hours = 'hush-hush'\n")},
    "a channel without a kind": {"civicloop_toml": toml("[channels.h]\nsecret = 'hush-hush'\nurl = 'k3y'\n")},
}


@pytest.mark.parametrize("changed", LEAKS.values(), ids=LEAKS)
def test_a_complaint_shows_no_personal_data_and_no_secret(write: Write, changed: dict[str, str | bytes]) -> None:
    with pytest.raises(StreetError) as error:
        load_street(write(**changed))
    for secret in ("13812345678", "司马青", "hush-hush", "k3y"):
        assert secret not in str(error.value)


def test_every_fault_of_the_settings_is_told_though_another_table_is_broken(write: Write) -> None:
    broken = toml("[delivery]\nops = ['fax']\n[listen]\naddress = 'x'\n[plugins.x]\ny = 1\n", "zone", "zon")
    with pytest.raises(StreetError) as error:
        load_street(write(civicloop_toml=broken))
    assert [one.line for one in error.value.complaints] == [1, 4, 13, 15, 17]


@pytest.mark.parametrize("cells", [cells for cells, overlap in OVERLAPS if not overlap])
def test_rotations_that_only_touch_are_fine(write: Write, cells: str) -> None:
    loaded = load_street(write(rotations_csv=ROTATIONS + f"cleaner,E,a,day,{cells}\n".encode()))
    assert len(loaded.street.directory.roster["E", "cleaner"].rotations) == 2


@pytest.mark.parametrize(
    "roster",
    [
        WITH + FOR_CLEANER,
        WITH + FOR_CLEANER.replace("周洁".encode(), b"*"),
        WITH + FOR_CLEANER.replace("周洁".encode(), b"*").replace(b"2026-01-05 08", b"2006-01-05 08"),
        WITH + FOR_CLEANER.replace(b"2026-01-05 08", b"2006-01-05 08"),  # from long before the first turn
        WITH + FOR_CLEANER.replace(b"2026-01-05 09", b"2036-01-05 09"),
        WITH + FOR_CLEANER.replace(b"-05 ", b"-12 ").replace(b"2026-01-12 09", b"2026-01-19 09"),  # till his own week
        WITH + FOR_CLEANER + FOR_FANG,
        WITH + FOR_CLEANER.replace("周洁".encode(), b"") + FOR_FANG,
        ROSTER + FOR_CLEANER.replace(",周洁".encode(), b""),
    ],
)
def test_who_stands_in_for_somebody_is_fine(write: Write, roster: bytes) -> None:
    assert ("E", "cleaner") in load_street(write(roster_csv=roster)).street.directory.roster
