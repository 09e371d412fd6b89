"""The files of a folder as bytes and as text, bounded, with a complaint for each way in which that can go wrong."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path
from typing import Final

from .complaint import FILES, OPTIONAL, Complaints

FILE_BYTES_MAX: Final = 256 * 2**20
"""The largest file that is read: four million rows of 64 bytes."""


def read_files(folder: Path, complaints: Complaints) -> dict[str, bytes]:
    """The content of each file of a street's folder; those that cannot be read are complained about and left out.

    Optional files that are not there are left out without a complaint.
    """
    found = {}
    for file in FILES:
        content = _read(folder / file, file, complaints)
        if content is not None:
            found[file] = content
    return found


def _read(path: Path, file: str, complaints: Complaints) -> bytes | None:
    try:
        if file in OPTIONAL and not path.exists():
            return None
        if not path.is_file():
            what = "it is not a file" if path.exists() else "it is missing"
            complaints.give_up(file, 0, what, "`civicloop init DIR` writes a sample to copy from")
            return None
        with path.open("rb") as stream:
            content = stream.read(FILE_BYTES_MAX + 1)
    except OSError as error:
        complaints.give_up(file, 0, f"it cannot be read: {error.strerror}", "let the daemon's user read it")
        return None
    if len(content) > FILE_BYTES_MAX:
        complaints.give_up(
            file, 0, f"it is larger than {FILE_BYTES_MAX} bytes", "split the street, or find out what filled it"
        )
        return None
    return content


def text_of(file: str, content: bytes, complaints: Complaints) -> str | None:
    """UTF-8 bytes as text, a byte order mark (Excel writes one) removed; ``None`` after a complaint."""
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        # The codec counts from behind the byte order mark.
        offset = error.start + (3 if content.startswith(b"\xef\xbb\xbf") else 0)
        line = content.count(b"\n", 0, offset) + 1
        what = f"byte {content[offset]:#04x} at offset {offset} is not UTF-8"
        complaints.give_up(file, line, what, "save it as UTF-8; in Excel choose 'CSV UTF-8', not 'CSV'")
        return None


def digest_of(contents: Mapping[str, bytes]) -> str:
    """A short hash over the bytes of all files and their names, under which a configuration is remembered."""
    total = blake2b(digest_size=16)
    for file in sorted(contents):
        total.update(f"{file}\0{len(contents[file])}\0".encode())
        total.update(contents[file])
    return total.hexdigest()
