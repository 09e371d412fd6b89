"""What is wrong with a street's folder: file, line, what, and what would be right; all of it at once."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Final, NamedTuple

FILES: Final = (
    "civicloop.toml",
    "calendar.toml",
    "places.csv",
    "devices.csv",
    "parties.csv",
    "people.csv",
    "roster.csv",
    "rotations.csv",
)
"""The files of a street's folder, in the order in which complaints about them are told."""

OPTIONAL: Final = frozenset({"people.csv", "rotations.csv"})
"""Those that a folder may lack."""

TEXT_CHARS_MAX: Final = 400
"""How much of a text is told: names that people mistyped are in it, and may be anything."""

COMPLAINTS_MAX: Final = 1000
"""How many complaints are kept of one file; the others are counted."""


GUESSES_MAX: Final = 100
"""For how many unknown words of one file it is looked for what was meant: each is compared with all that are known."""


class Complaint(NamedTuple):
    """One thing that is wrong; ``line`` counts from 1, 0 is the file as a whole.

    Neither text ever holds personal data, a secret or a channel's address: complaints end up in logs.
    """

    file: str
    line: int
    what: str
    remedy: str

    def __str__(self) -> str:
        where = f"{self.file}:{self.line}" if self.line else self.file
        return f"{where}: {self.what}; {self.remedy}"


class StreetError(ValueError):
    """A street's folder cannot be used; ``complaints`` says all that is wrong with it, one line each as text."""

    def __init__(self, complaints: Iterable[Complaint]) -> None:
        self.complaints = tuple(complaints)
        super().__init__("\n".join(map(str, self.complaints)))


class Complaints:
    """Gathers complaints while a folder is read, at most ``COMPLAINTS_MAX`` of each file."""

    def __init__(self) -> None:
        self._found: dict[str, list[Complaint]] = {}
        self._more: dict[str, int] = {}
        self._given_up: set[str] = set()
        self._guesses: dict[str, int] = {}

    def add(self, file: str, line: int, what: str, remedy: str) -> None:
        """Keep one complaint, or count it where the file has too many already."""
        found = self._found.setdefault(file, [])
        if len(found) < COMPLAINTS_MAX:
            found.append(Complaint(file, line, _plain(what), _plain(remedy)))
        else:
            self._more[file] = self._more.get(file, 0) + 1

    def give_up(self, file: str, line: int, what: str, remedy: str) -> None:
        """Complain of what makes the rest of ``file`` unreadable, so that nobody asks what is missing from it."""
        self._given_up.add(file)
        self.add(file, line, what, remedy)

    def has_given_up(self, file: str) -> bool:
        """Whether ``file`` could not be read to its end."""
        return file in self._given_up

    def may_guess(self, file: str) -> bool:
        """Whether to look for what an unknown word of ``file`` was meant to be; counts how often it is asked."""
        asked = self._guesses[file] = self._guesses.get(file, 0) + 1
        return asked <= GUESSES_MAX

    def finish(self) -> None:
        """Raise ``StreetError`` with everything gathered, by file and line; return quietly when there is nothing."""
        for file, more in self._more.items():
            self._found[file].append(Complaint(file, 0, f"{more} more complaints", "repair these first"))
        if self._found:
            order = {file: at for at, file in enumerate(FILES)}
            known = (complaint for found in self._found.values() for complaint in found)
            raise StreetError(sorted(known, key=lambda one: (order.get(one.file, len(order)), one.line or 0)))


def _plain(text: str) -> str:
    """``text`` on one line, without signs that a terminal would obey, and not too long."""
    shown = text if len(text) <= TEXT_CHARS_MAX else f"{text[:TEXT_CHARS_MAX]}..."
    return shown if shown.isprintable() else "".join(sign if sign.isprintable() else " " for sign in shown)


def is_near(word: str, known: Iterable[str]) -> bool:
    """Whether ``word`` is so like a known word that it was probably meant to be one."""
    return bool(get_close_matches(word[:200], known, n=1, cutoff=0.6))


def nearest(word: str, known: Iterable[str], otherwise: str) -> str:
    """The remedy for an unknown word: the known word most like it, else ``otherwise``."""
    found = get_close_matches(word[:200], known, n=1, cutoff=0.6)
    return f"did you mean {str(found[0])!r}?" if found else otherwise
