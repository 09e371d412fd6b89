"""Rows of a CSV file as people and Excel write them, with a complaint for each that cannot be read."""

from __future__ import annotations

import csv
import io
import unicodedata
from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple

from .complaint import Complaints, is_near, nearest
from .source import text_of

ROWS_MAX: Final = 4_000_000
"""The most lines that a file may have: the devices of all of Pudong's estates, 2.66 million, and some more."""

CELL_CHARS_MAX: Final = 2_000
"""The longest cell."""


class Sheet(NamedTuple):
    """A CSV file that people write: its name, and its columns in the order in which they are handed on.

    ``required`` are the columns without empty cells, ``optional`` those that a file may lack altogether: their cells
    are empty then. A file that is ``personal`` holds names or phones, so that complaints about it never quote a text
    that could be one.
    """

    file: str
    columns: tuple[str, ...]
    required: frozenset[str]
    personal: bool = False
    optional: frozenset[str] = frozenset()


PLACES: Final = Sheet("places.csv", ("code", "name", "level", "parent"), frozenset({"code", "name", "level"}))
DEVICES: Final = Sheet(
    "devices.csv", ("id", "kind", "place", "purpose", "via", "vendor"), frozenset({"id", "kind", "place"})
)
PARTIES: Final = Sheet(
    "parties.csv",
    ("place", "role", "organisation", "contacts", "channels", "quiet"),
    frozenset({"place", "role", "organisation"}),
    personal=True,
    optional=frozenset({"quiet"}),
)
PEOPLE: Final = Sheet(
    "people.csv",
    ("person", "contacts", "channels", "quiet"),
    frozenset({"person"}),
    personal=True,
    optional=frozenset({"quiet"}),
)
ROSTER: Final = Sheet(
    "roster.csv",
    ("role", "place", "from", "to", "person", "instead_of"),
    frozenset({"role", "place", "from", "to", "person"}),
    personal=True,
    optional=frozenset({"instead_of"}),
)
ROTATIONS: Final = Sheet(
    "rotations.csv",
    ("role", "place", "people", "every", "from", "to", "days", "hours"),
    frozenset({"role", "place", "people", "every", "from"}),
    personal=True,
    optional=frozenset({"to", "days", "hours"}),
)

_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Zl", "Zp"})
"""Unicode categories that nobody types on purpose; private-use characters stay allowed, rare names need them."""

Row = tuple[int, list[str]]
"""The line a row begins on, and its cells in the order of ``Sheet.columns``."""


def read_rows(sheet: Sheet, content: bytes | None, complaints: Complaints) -> Iterator[Row]:
    """The readable rows of ``sheet``, blanks around cells removed; every other row is complained about.

    Columns may stand in any order; all but the optional ones must be there, once, and no others. Empty lines are passed
    over. No content (the file was complained about when it was read, or is optional) yields no rows.
    """
    text = text_of(sheet.file, content, complaints) if content is not None else None
    if text is None:
        return
    lines = _lines(sheet.file, text, complaints)
    first = next(lines, None)
    if first is None:
        complaints.give_up(sheet.file, 0, "it has no header", f"write as its first line {','.join(sheet.columns)}")
        return
    header = [cell.strip() for cell in first[1]]
    if not _is_header(sheet, first[0], header, complaints):
        return
    # A column that is not there is read from the empty cell put behind each row.
    order = [header.index(column) if column in header else len(header) for column in sheet.columns]
    is_in_order = order == list(range(len(header)))
    required = [at for at, column in enumerate(sheet.columns) if column in sheet.required]
    width = len(header)
    for line, raw in lines:
        cells = [cell.strip() for cell in raw]
        whole = "".join(cells)
        if not whole:
            continue
        if len(cells) != width:
            what = f"the row has {len(cells)} cells, the header {width}"
            complaints.add(sheet.file, line, what, "put cells that hold a comma in double quotes")
            continue
        if not is_in_order:
            cells.append("")
            cells = [cells[at] for at in order]
        is_plain = whole.isprintable() and len(whole) <= CELL_CHARS_MAX and all(map(cells.__getitem__, required))
        if is_plain or _is_clean(sheet, line, cells, complaints):
            yield line, cells


def split_cell(cell: str) -> list[str]:
    """The entries of a cell that holds several, parted by ``;`` or its full-width twin."""
    return [entry for part in cell.replace("；", ";").split(";") if (entry := part.strip())]


def _lines(file: str, text: str, complaints: Complaints) -> Iterator[Row]:
    """Raw rows with the line each begins on; a fault of the format ends the file, as all that follows is guesswork."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for cells in reader:
            if reader.line_num > ROWS_MAX:
                complaints.give_up(file, line, f"it has more than {ROWS_MAX} lines", "split the street")
                return
            if cells:
                yield line, cells
            line = reader.line_num + 1
    except csv.Error as error:
        complaints.give_up(file, line, f"the row is not CSV: {error}", "close each double quote")


def _is_header(sheet: Sheet, line: int, header: Sequence[str], complaints: Complaints) -> bool:
    whole = ",".join(sheet.columns)
    faults: list[tuple[str, str]] = []
    for number, name in enumerate(header, 1):
        if name not in sheet.columns:
            # A file without a header shows its first row here, phones and all.
            shown = repr(name[:60]) if is_near(name, sheet.columns) or not sheet.personal else f"number {number}"
            faults.append((f"unknown column {shown}", nearest(name, sheet.columns, f"known are {whole}")))
    for name in sheet.columns:
        if name not in header and name not in sheet.optional:
            faults.append((f"column {name!r} is missing", f"the header is {whole}"))
        elif header.count(name) > 1:
            faults.append((f"column {name!r} is there {header.count(name)} times", "keep one of them"))
    for what, remedy in faults:
        complaints.give_up(sheet.file, line, what, remedy)
    return not faults


def _is_clean(sheet: Sheet, line: int, cells: list[str], complaints: Complaints) -> bool:
    """Whether a suspicious row is good after all (a full-width blank in a name is); complains where it is not."""
    good = True
    for column, cell in zip(sheet.columns, cells, strict=True):
        fault = _fault_of(cell, column in sheet.required)
        if fault is not None:
            good = False
            complaints.add(sheet.file, line, f"{column} {fault[0]}", fault[1])
    return good


def _fault_of(cell: str, is_required: bool) -> tuple[str, str] | None:
    if not cell:
        return ("is empty", "fill it in") if is_required else None
    if len(cell) > CELL_CHARS_MAX:
        return f"is longer than {CELL_CHARS_MAX} characters", "shorten it"
    for sign in cell:
        if unicodedata.category(sign) in _INVISIBLE:
            return f"holds the invisible character U+{ord(sign):04X}", "type the cell anew"
    return None
