"""A small good street's folder, and a way to spoil one of its files."""

from collections.abc import Callable
from pathlib import Path

import pytest

GOOD = {
    "civicloop.toml": """\
[street]
code = "S"
name = "青禾街道"
zone = "Asia/Shanghai"
[channels.console]
kind = "console"
[channels.drop]
kind = "file_drop"
directory = "out"
[plugins.bins.overflow]
full_at = 85
""",
    "calendar.toml": "",
    "places.csv": """\
code,name,level,parent
D,示例区,district,
S,青禾街道,street,D
C,杨柳居委会,committee,S
E,杨柳苑,estate,C
""",
    "devices.csv": """\
id,kind,place,purpose,via,vendor
bin-1,bin,E,满溢,gw,绿桶
""",
    "parties.csv": """\
place,role,organisation,contacts,channels
S,ops_center,城运中心,13800000001;李安 13800000002,console;drop
E,cleaner,柳新物业,保洁 13800000003,
""",
    "roster.csv": """\
role,place,from,to,person
ops_center,S,2026-01-01 08:00,2026-01-01 20:00,沈安
ops_center,S,2026-01-01 20:00,2026-01-02 08:00,顾平
""",
    "people.csv": """\
person,contacts,channels,quiet
顾平,13800000004,console;drop+5@P1,22:00-07:00
""",
    "rotations.csv": """\
role,place,people,every,from,to,days,hours
cleaner,E,周洁;吴勤,week,2026-01-05,,mon-sat,07:00-17:00
""",
}

Write = Callable[..., Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Write the good folder with the files given by keyword replaced (``places_csv=...``); ``None`` leaves one out."""

    def write(**changed: str | bytes | None) -> Path:
        texts = dict(GOOD) | {name.replace("_", "."): content for name, content in changed.items()}
        for file, content in texts.items():
            path = tmp_path / file
            if content is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return tmp_path

    return write
