"""Linked cases: a finding names its parent as ``SCENARIO/KEY`` or by id, and the case is kept with the parent's id."""

from __future__ import annotations

from typing import Final

from ..model.finding import Finding
from .answering import case_named
from .judgement import Judgement
from .quarantine import warn_ops
from .work import Work

UNKNOWN_PARENT: Final = "unknown_parent"
"""The counted reason of a case that opens without the parent its finding named."""


def linked(work: Work, one: Judgement, finding: Finding) -> Finding:
    """The finding with its parent by id: the open round of a reference, else the latest.

    A parent that is not known, or is the very case, is left out, counted, and told to ops: the finding matters more
    than its link.
    """
    if finding.parent is None:
        return finding
    parent = case_named(work, finding.parent)
    if parent is not None and (parent.scenario, parent.key) == (one.binding.name, one.key):
        parent = None
    if parent is None:
        work.decisions[UNKNOWN_PARENT] += 1
        culprit = f"{one.binding.name}/{one.key}"
        warn_ops(work, UNKNOWN_PARENT, culprit, f"it names {finding.parent[:200]}, which is no other case")
    return Finding(
        finding.message,
        severity=finding.severity,
        start=finding.start,
        climb=finding.climb,
        place=finding.place,
        parent=parent.id if parent else None,
        **finding.variables,
    )


def names_parent(one: Judgement) -> bool:
    """Whether a judgement is about a case that is linked to another, which the same fact may open."""
    return any(isinstance(outcome, Finding) and outcome.parent is not None for outcome in one.outcomes)
