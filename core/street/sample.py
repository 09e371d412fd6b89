"""The commented sample street that ``civicloop init`` writes."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Final

SAMPLE_FILES: Final = (
    "civicloop.toml",
    "calendar.toml",
    "places.csv",
    "devices.csv",
    "parties.csv",
    "roster.csv",
    "morning.jsonl",
)
"""What is written: a street's folder, and a morning of events to replay in it."""


def write_sample(target: Path) -> list[Path]:
    """Write the sample street into ``target``, which is made where it is missing, and return the files written.

    Raises ``FileExistsError`` for a folder that holds something, or a file: nothing is ever overwritten.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise FileExistsError(f"{target} is there and not empty; name a new folder")
    source = files(__package__) / "sample"
    target.mkdir(parents=True, exist_ok=True)
    written = []
    for name in SAMPLE_FILES:
        path = target / name
        with path.open("xb") as stream:
            stream.write((source / name).read_bytes())
        written.append(path)
    return written
