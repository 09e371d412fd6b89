"""The SQL of listings of cases: which index each of them walks, newest first, and what it passes over on the way."""

from __future__ import annotations

from enum import StrEnum
from functools import lru_cache
from typing import Any, Final

from sqlalchemy import Select, bindparam, exists, literal_column, select, tuple_

from ..model.case import Stage
from .base import CaseQuery
from .schema import OPEN, case, case_party
from .statements import INSIDE, WAS_ASKED, Sql, sql

FEW_PLACES: Final = 64
"""Up to this many places a listing looks into each; with more it walks all cases, newest first, and skips some."""

FEW_CASES: Final = 2_000
"""The listing of a party that was asked in no more cases than this walks these, whatever else is asked."""


class Way(StrEnum):
    """What a listing walks: an index of cases by its name, or the cases of one party.

    Each index holds what its listings filter by, so that a case which is passed over is not even fetched.
    """

    OPEN = "ix_case_open_newest"
    PLACE = "ix_case_place_newest"
    SCENARIO = "ix_case_scenario_newest"
    NEWEST = "ix_case_newest"
    PARTY = "party"


ASKED_OFTEN: Final = sql(
    select(
        exists(
            select(literal_column("1"))
            .where(case_party.c.party == bindparam("party"))
            .limit(literal_column("1"))
            .offset(literal_column(str(FEW_CASES)))
        )
    )
)


def find_cases(query: CaseQuery, few_asked: bool = False) -> Sql:
    """The listing that ``query`` asks for, with a value for each filter that it sets.

    ``few_asked``: its party was asked in no more than ``FEW_CASES``.
    """
    asked = query._replace(places=frozenset() if query.places is not None else None, most=0)
    shape = CaseQuery(*(value is not None for value in asked))  # type: ignore[arg-type]  # a shape only
    return _listing(shape._replace(is_open=must_be_open(query)), way_of(query, few_asked))


def must_be_open(query: CaseQuery) -> bool | None:
    """Whether what is asked for can only be open cases (``True``), or only closed ones (``False``)."""
    if query.stage == Stage.CLOSING:
        return False
    return True if query.stage is not None or query.overdue_at is not None else query.is_open


def is_impossible(query: CaseQuery) -> bool:
    """Whether no case can be what is asked for: closed and overdue, say."""
    asked = {query.is_open, must_be_open(query._replace(is_open=None)), True if query.overdue_at is not None else None}
    return {True, False} <= asked


def way_of(query: CaseQuery, few_asked: bool) -> Way:
    """What is best walked: what leads to the fewest cases, or to the first page of very many soonest."""
    if query.party is not None and few_asked:
        return Way.PARTY
    if must_be_open(query):
        return Way.OPEN
    if query.places is not None and len(query.places) <= FEW_PLACES:
        return Way.PLACE
    if query.scenario is not None:
        return Way.SCENARIO
    return Way.NEWEST if query.party is None else Way.PARTY


@lru_cache
def _listing(has: CaseQuery, way: Way) -> Sql:
    opened_at, name = (case.c.opened_at, case.c.id)
    if way is Way.PARTY:
        opened_at, name = (case_party.c.opened_at, case_party.c.case)
    read: Select[Any] = select(case.c.rules, case.c.body, opened_at, name)
    if way is Way.PARTY:
        read = read.where(case_party.c.party == bindparam("party"), case.c.id == name)
    elif has.party:
        read = read.where(WAS_ASKED)
    if has.places:
        read = read.where(case.c.place.in_(select(INSIDE.c.value)))
    if has.scenario:
        read = read.where(case.c.scenario == bindparam("scenario"))
    if has.stage:
        read = read.where(case.c.stage == bindparam("stage"))
    if has.overdue_at:
        read = read.where(case.c.late_at < bindparam("overdue_at"))
    if has.is_open is not None:
        read = read.where(OPEN if has.is_open else case.c.closed_at.is_not(None))
    if has.after:
        read = read.where(tuple_(opened_at, name) < tuple_(bindparam("after_at"), bindparam("after_id")))
    found = sql(read.order_by(opened_at.desc(), name.desc()).limit(bindparam("most")).offset(literal_column("0")))
    return found if way is Way.PARTY else _along(found, way)


def _along(listing: Sql, way: Way) -> Sql:
    """The listing along this index. SQLite would choose by what it takes for rare, and SQLAlchemy cannot say it."""
    table = f'FROM "{case.name}"'
    assert table in listing.text, listing.text
    return listing._replace(text=listing.text.replace(table, f"{table} INDEXED BY {way}", 1))
