"""What must hold of the rules of a scenario before a case is opened under them; asked when they are loaded."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Final

from ..model.chain import CLOSE, ENFORCEMENT_BODIES, VERIFY, Effect, Proof, Rules, Severity, Step, TrackRule

STEPS_MAX: Final = 20


def faults(rules: Rules) -> list[str]:
    """What is wrong with these rules, a sentence each: the culprit and the remedy; empty when all is well."""
    about = (_join_faults, _sensor_faults, _outcome_faults, _proof_faults, _number_faults, _start_faults)
    found = [f"{rules.scenario} {fault}" for part in about for fault in part(rules)]
    for rule in rules.tracks:
        found += [f"{rules.scenario}, track {rule.name}: {fault}" for fault in _track_faults(rule)]
    return found


def _join_faults(rules: Rules) -> Iterator[str]:
    required = [rule for rule in rules.tracks if rule.required]
    sure = [rule for rule in required if not rule.opens_at]
    if not sure:
        yield "has no required track from its opening on, so its cases would never be open; make one required"
    for track in _twice(rule.name for rule in rules.tracks):
        yield f"has two tracks named {track}; rename one"
    if not 0 <= rules.join <= len(required):
        yield f"joins {rules.join} required tracks of {len(required)}; say how many must be closed, or 0 for all"
    elif rules.join > len(sure):
        yield f"joins {rules.join} tracks, but only {len(sure)} are sure to open; lower join, or drop opens_at"


def _sensor_faults(rules: Rules) -> Iterator[str]:
    check = rules.check
    if rules.on_cleared is VERIFY and not (rules.quiet or check.quiet):
        yield "verifies when cleared, but for how long sensors must be silent is not said; give quiet"
    if rules.severity is Severity.P0:
        if rules.on_cleared in (CLOSE, VERIFY):
            yield "is P0 and would be closed by sensors; set on_cleared to EVIDENCE or CLOSE_BEFORE_DISPATCH"
        if check.quiet:
            yield "is P0 and would be verified by silent sensors; check it by parties, not by quiet"
        if check.clear:
            yield "is P0 and would be verified by sensors that are clear; check it by parties, not by clear"


def _outcome_faults(rules: Rules) -> Iterator[str]:
    known = [effect.value for effect in Effect]
    for outcome, effect in rules.outcomes:
        if effect not in known:
            yield f"means {effect} by outcome {outcome}, which is unknown; say one of {', '.join(known)}"
        elif outcome in known and outcome != effect:
            yield f"means {effect} by outcome {outcome}, which is {outcome} already; give it another name"


def _proof_faults(rules: Rules) -> Iterator[str]:
    outcomes = [*dict(rules.outcomes), *(effect.value for effect in Effect)]
    for kind in _twice(proof.kind for proof in rules.proofs):
        yield f"wants evidence {kind} twice; say in one Proof all that it must bring"
    steps = [step.name for rule in rules.tracks for step in rule.chain]
    for proof in rules.proofs:
        yield from _kind_faults(proof, outcomes)
        for step in set(proof.steps) - set(steps):
            yield f"wants evidence {proof.kind} at {step}, which is no step; it has {', '.join(steps)}"


def _kind_faults(proof: Proof, outcomes: list[str]) -> Iterator[str]:
    if not proof.kind.strip():
        yield "wants evidence of no kind; name what must be brought"
    if proof.is_optional and proof.to_close:
        yield f"wants evidence {proof.kind} to close and yet as an option; drop is_optional or to_close"
    unknown = [outcome for outcome in proof.outcomes if outcome not in outcomes]
    if unknown:
        yield f"wants evidence {proof.kind} of {', '.join(unknown)}, which no report means; know {', '.join(outcomes)}"


def _number_faults(rules: Rules) -> Iterator[str]:
    if not 0 <= rules.check.sample <= 100:
        yield f"re-inspects {rules.check.sample} percent of its reports; make check.sample 0 to 100"
    if not 0 <= rules.remind_percent <= 99:
        yield f"reminds at {rules.remind_percent} percent of a finish; make remind_percent 0 (never) to 99"
    if rules.returns_max < 1:
        yield f"arbitrates after {rules.returns_max} returns; make returns_max 1 or more"
    if not rules.arbiter.strip():
        yield "has no arbiter for work that goes to and fro; name the role that answers for the territory"
    if rules.arbiter in ENFORCEMENT_BODIES:
        yield f"has {rules.arbiter} arbitrate, which enforces; name the role that answers for the territory"


def _start_faults(rules: Rules) -> Iterator[str]:
    """Steps of the main track, the first, that are named elsewhere."""
    if not rules.tracks:
        return
    main, *others = rules.tracks
    steps = [step.name for step in main.chain]
    have = f"it has {', '.join(steps) or 'no steps'}"
    if rules.recurrence and rules.recurrence.start not in steps:
        yield f"starts a recurrence at {rules.recurrence.start}, no step of track {main.name}; {have}"
    if main.opens_at:
        yield f"opens its main track at {main.opens_at}; drop opens_at, it opens with the case"
    for rule in others:
        if rule.opens_at and rule.opens_at not in steps:
            yield f"opens track {rule.name} at {rule.opens_at}, no step of track {main.name}; {have}"


def _track_faults(rule: TrackRule) -> Iterator[str]:
    chain = rule.chain
    if not chain:
        yield "the chain is empty; give it a step"
        return
    if len(chain) > STEPS_MAX:
        yield f"the chain has {len(chain)} steps; {STEPS_MAX} are enough for four loops"
    for name in _twice(step.name for step in chain):
        yield f"two steps are named {name}; rename one"
    if not chain[-1].parties:
        yield f"the last step, {chain[-1].name}, is a pause, which nobody follows; end with a step that asks somebody"
    if chain[-1].goes_on:
        yield f"the last step, {chain[-1].name}, goes on to nothing; drop goes_on, or add the step that follows"
    for index, step in enumerate(chain):
        yield from _pause_faults(step) if not step.parties else _step_faults(step)
        if step.enforcement and not any(before.review for before in chain[:index]):
            yield f"step {step.name} enforces without a human review; put a step with review=True before it"
    for lower, upper in pairwise(chain):
        if upper.loop < lower.loop:
            yield f"step {upper.name} goes down from {lower.loop.name} to {upper.loop.name}; order the steps by loop"
    yield from _opening_faults(chain)


def _pause_faults(step: Step) -> Iterator[str]:
    if step.finish is None:
        yield f"step {step.name} has no parties and no end; say how long it pauses in finish, or whom it asks"
    if step.accept:
        yield f"step {step.name} asks nobody, so nobody can accept; drop accept, or say whom it asks"
    if step.review or step.pre_verify or step.enforcement:
        yield f"step {step.name} asks nobody, so it can neither review nor enforce; say whom it asks"


def _step_faults(step: Step) -> Iterator[str]:
    accept, finish = step.accept, step.finish
    if accept is None and finish is None:
        yield f"step {step.name} has no limit and would wait for ever; give it accept, finish or both"
    if accept and finish and accept.count is finish.count and accept.seconds > finish.seconds:
        yield f"step {step.name} may be accepted within {accept}, after its finish of {finish}; make accept shorter"
    for role in _twice(step.parties):
        yield f"step {step.name} asks {role} twice; name it once"
    for role in step.parties:
        if role in ENFORCEMENT_BODIES and not step.enforcement:
            yield f"step {step.name} asks {role}, which enforces; mark it enforcement=True and review before it"


def _opening_faults(chain: tuple[Step, ...]) -> Iterator[str]:
    """Limits from the opening must grow along the chain: a later step would else be over before the earlier one."""
    timed = [(step.name, step.finish) for step in chain if step.from_opening and step.finish]
    for (name, limit), (later, later_limit) in pairwise(timed):
        if later_limit.count is limit.count and later_limit.seconds <= limit.seconds:
            yield f"step {later} ends {later_limit} from opening, not after {name} with {limit}; make it longer"


def _twice(names: Iterable[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]
