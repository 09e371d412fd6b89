"""Evidence contracts: what an answer must bring, and what is wrong with what it brings."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import orjson

from ..model.case import Case, Track
from ..model.chain import Effect, Proof, Rules
from ..model.given import Answer, Brought
from ..model.place import Level
from .checks import missing_to_close
from .draft import Draft

NEAR: Final = frozenset({Level.UNIT, Level.BUILDING, Level.ESTATE})
"""How far around a case's place a photo may say it was taken; a committee or a street proves nothing."""


def faults_of(
    draft: Draft,
    given: Answer,
    asked_at: datetime,
    *,
    effect: Effect | None = None,
    closes: Track | None = None,
    step: str = "",
) -> list[str]:
    """What is missing from this answer or wrong with it, a sentence each; empty when all is well.

    Whatever is brought must fit the contract of its kind. A report of success must bring all that a report needs, and
    an answer that closes all that a closing needs and the case does not have yet; and it must not say otherwise than
    the report, whose ``effect`` is given for reports only. ``asked_at`` is when the party that reports was asked:
    nothing older is proof; ``step`` is the step it reports on, ``closes`` the track that it would close.
    """
    kinds = [one.kind for one in given.evidence]
    proofs = {proof.kind: proof for proof in draft.case.rules.proofs}
    needed = [kind for kind, proof in proofs.items() if _is_owed(proof, given, effect, step)]
    needed += missing_to_close(draft.case, closes) if closes else []
    missing = [kind for kind in needed if kind not in kinds]
    faults = [f"{', '.join(missing)} is missing; add it to 'evidence', {_shape(proofs[missing[0]])}"] if missing else []
    for one in given.evidence:
        if one.kind in proofs:
            faults += _faults(draft, proofs[one.kind], one, asked_at, given.result)
            if effect and effect_of(draft.case.rules, one.outcome or effect) not in (None, effect):
                faults.append(f"{one.kind} says {one.outcome}, the report says {given.result or effect}; which is it?")
    return faults


def still_awaited(case: Case, track: Track) -> str:
    """The sentence for whoever has reported: what the case lacks to close and how it is brought; empty for nothing."""
    missing = missing_to_close(case, track) if track.is_open else []
    if not missing:
        return ""
    proofs = {proof.kind: proof for proof in case.rules.proofs}
    return (
        f"{', '.join(missing)} is still missing, and the case does not close without it; bring it with the next "
        f"answer, a comment for one, in 'evidence', {_shape(proofs[missing[0]])}"
    )


def _shape(proof: Proof) -> str:
    """A piece of evidence as it may be written, with the members that this kind needs."""
    members = {
        "outcome": proof.outcomes and proof.outcomes[0],
        "hash": proof.is_fresh and "sha256:...",
        "taken_at": proof.is_timely and "...",
        "place": proof.is_here and "...",
        "number": proof.is_numbered and "...",
    }
    told = {"kind": proof.kind} | {name: value for name, value in members.items() if value}
    return f"such as [{orjson.dumps(told).decode()}]"


def effect_of(rules: Rules, result: str) -> Effect | None:
    """What a reported result means under these rules; ``None`` for one they do not know."""
    return _EFFECTS.get(result) or dict(rules.outcomes).get(result)


_EFFECTS: Final = {effect.value: effect for effect in Effect}


def _is_owed(proof: Proof, given: Answer, effect: Effect | None, step: str) -> bool:
    """Whether a report needs it: one of success, and at its own steps also one whose result it is to show."""
    if proof.to_close or proof.is_optional or (proof.steps and (effect is None or step not in proof.steps)):
        return False
    return effect is Effect.DONE or bool(proof.steps and given.result in proof.outcomes)


def _faults(draft: Draft, proof: Proof, one: Brought, asked_at: datetime, result: str) -> Iterator[str]:
    if proof.is_fresh and not one.hash:
        yield f"{one.kind} needs a 'hash' by which it is known again"
    if proof.is_fresh and one.is_known:
        yield f"{one.kind} was brought before, with hash {one.hash}; take a new one"
    if proof.is_timely and one.taken_at is None:
        yield f"{one.kind} needs 'taken_at', when it was taken"
    elif proof.is_timely and one.taken_at and not asked_at <= one.taken_at <= draft.now:
        yield f"{one.kind} was taken at {one.taken_at.isoformat()}, not between {asked_at.isoformat()} and now"
    if proof.is_here and not _is_here(draft, one.place):
        yield f"{one.kind} names place {one.place!r}; it must be taken at {draft.case.place}"
    if proof.is_numbered and not one.number.strip():
        yield f"{one.kind} needs the 'number' of the document"
    # A record that comes with a report need not say again what the report says.
    if proof.outcomes and (one.outcome or result) not in proof.outcomes:
        yield f"{one.kind} needs an 'outcome': one of {', '.join(proof.outcomes)}"


def _is_here(draft: Draft, place: str) -> bool:
    """Whether ``place`` is the case's place, inside it or around it no further than its building or estate."""
    directory, here = draft.street.directory, draft.case.place
    near = {around.code for around in directory.around(here) if around.level in NEAR} | {here}
    return directory.inside(place, here) or place in near


def note_brought(draft: Draft, given: Answer) -> None:
    """Keep what an answer brought with the case."""
    for one in given.evidence:
        draft.note_evidence(one.kind, draft.now)
