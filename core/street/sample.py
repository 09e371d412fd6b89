"""The commented sample street that ``civicloop init`` writes."""

from __future__ import annotations

import secrets
from importlib.resources import files
from pathlib import Path
from typing import Final

SAMPLE_FILES: Final = (
    "civicloop.toml",
    "calendar.toml",
    "places.csv",
    "devices.csv",
    "parties.csv",
    "people.csv",
    "roster.csv",
    "rotations.csv",
    "morning.jsonl",
)
"""What is written: a street's folder, and a morning of events to replay in it."""

KEY_FILE: Final = "secrets/pseudonym.key"
"""The key under which persons are named in the journal; made anew for every street, readable by its owner only."""


def write_sample(target: Path) -> list[Path]:
    """Write the sample street and a key of its own into ``target``, made where it is missing; return the files written.

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
    key = target / KEY_FILE
    key.parent.mkdir(mode=0o700)
    key.touch(mode=0o600)
    key.write_text(secrets.token_hex(32) + "\n", encoding="ascii")
    return [*written, key]
