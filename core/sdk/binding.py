"""A scenario bound to a street: its settings checked, its rules frozen, its faults named."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from pydantic import BaseModel, ConfigDict, StrictInt, ValidationError

from ..loop.proofs import faults as chain_faults
from ..model.chain import Check, Loop, Need, Proof, Recurrence, Rules, Severity, Step, TrackRule
from ..model.limit import Limit
from .faults import RESERVED, Fault, PluginError, class_faults, first_sentence
from .scenario import Config, Memory, Scenario

__all__ = [
    "RESERVED",
    "Binding",
    "CheckOverride",
    "Fault",
    "PluginError",
    "RecurrenceOverride",
    "StepOverride",
    "bind",
    "step_or_next",
]


MAIN = "main"
"""The name of every scenario's first track."""


@dataclass(frozen=True)
class Binding:
    """One scenario as this street runs it."""

    scenario: Scenario[Any, Any]
    rules: Rules
    digest: str
    declared: Mapping[str, tuple[Step, ...]]
    """The chain of each track as its author wrote it, that of the street's profile for the main one."""

    @cached_property
    def name(self) -> str:
        """``plugin.scenario``."""
        return self.scenario.name

    @cached_property
    def remembers(self) -> bool:
        """Whether the scenario has a memory of its own."""
        return self.scenario.memory_type is not Memory


class StepOverride(BaseModel):
    """What a street may change of one step in ``[plugins.NAME.SCENARIO.chain.STEP]``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    enabled: bool = True
    parties: tuple[str, ...] | None = None
    inform: tuple[str, ...] | None = None
    accept: str | None = None
    finish: str | None = None
    need: Need | None = None
    loop: str | None = None

    def applied(self, step: Step) -> Step:
        """The step with these changes. Raises ``ValueError`` for a limit or loop that is none."""
        changes: dict[str, Any] = {
            name: value for name in ("parties", "inform", "need") if (value := getattr(self, name)) is not None
        }
        limits = {name: getattr(self, name) for name in ("accept", "finish")}
        changes |= {name: Limit.parse(text) for name, text in limits.items() if text is not None}
        if self.loop is not None:
            try:
                changes["loop"] = Loop[self.loop.upper()]
            except KeyError:
                known = ", ".join(loop.name.lower() for loop in Loop)
                raise ValueError(f"{self.loop!r} is not a loop; say one of {known}") from None
        return replace(step, **changes)


class CheckOverride(BaseModel):
    """What a street may change of how results are verified, in ``[plugins.NAME.SCENARIO.check]``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    quiet: str | None = None
    parties: tuple[str, ...] | None = None
    within: str | None = None
    clear: str | None = None
    sample: StrictInt | None = None

    def applied(self, check: Check) -> Check:
        """The check with these changes. Raises ``ValueError`` for a limit that is none."""
        return Check(
            quiet=_limit(self.quiet, check.quiet),
            parties=check.parties if self.parties is None else self.parties,
            within=_limit(self.within, check.within),
            clear=_limit(self.clear, check.clear),
            sample=check.sample if self.sample is None else self.sample,
        )


class RecurrenceOverride(BaseModel):
    """What a street may change of what comes back, in ``[plugins.NAME.SCENARIO.recurrence]``."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    within: str | None = None
    start: str | None = None

    def applied(self, recurrence: Recurrence | None) -> Recurrence | None:
        """The recurrence with these changes. Raises ``ValueError`` for a limit that is none, or half a recurrence."""
        within = _limit(self.within, recurrence.within if recurrence else None)
        start = self.start or (recurrence.start if recurrence else None)
        if within is None and start is None:
            return None
        if within is None or start is None:
            raise ValueError("the scenario has no recurrence of its own, so both are needed: within and start")
        return Recurrence(within, start)


def _limit(text: str | None, otherwise: Limit | None) -> Limit | None:
    return otherwise if text is None else Limit.parse(text)


class RuleOverride(BaseModel):
    """What else a street may set beside the settings of a scenario itself, in ``[plugins.NAME.SCENARIO]``."""

    model_config = ConfigDict(frozen=True, strict=True)

    remind_percent: int | None = None
    returns_max: int | None = None
    arbiter: str | None = None


def bind(scenario: type[Scenario[Any, Any]], table: Mapping[str, Any]) -> Binding:
    """The scenario with a street's settings.

    ``table`` is the street's ``[plugins.NAME.SCENARIO]``. Raises ``PluginError`` naming every fault.
    """
    found = list(class_faults(scenario))
    if found:
        raise PluginError(found)
    where = f"[plugins.{scenario.name}]"
    config = _config(scenario, table, where, found)
    rules = _rules(scenario, table, where, found)
    remedy = f"change the chain of {scenario.name} or its override in {where}"
    found += [Fault(scenario.name, complaint, remedy) for complaint in chain_faults(rules)]
    found += _profile_faults(scenario, table)
    if found or config is None:
        raise PluginError(found)
    try:
        bound = scenario(config)
    except Exception as error:  # a stranger's code may raise anything
        raise PluginError(
            [Fault(scenario.name, f"cannot be made: {error}", "let __init__ only keep config")]
        ) from error
    declared = {MAIN: _chosen(scenario, table, where, found), **{track.name: track.chain for track in scenario.tracks}}
    return Binding(bound, rules, rules.digest, declared)


def _profile_faults(scenario: type[Scenario[Any, Any]], table: Mapping[str, Any]) -> list[Fault]:
    """What is wrong with the profiles that this street has not chosen: no street should be the first to find out."""
    others = [name for name in scenario.profiles() if name != table.get("profile", scenario.profile)]
    return [
        Fault(f"{scenario.name}, profile {name}", complaint, f"change that chain of {scenario.name}")
        for name in others
        for complaint in chain_faults(_rules(scenario, {"profile": name}, "", []))
    ]


def _config(
    scenario: type[Scenario[Any, Any]], table: Mapping[str, Any], where: str, found: list[Fault]
) -> Config | None:
    own = {name: value for name, value in table.items() if name not in RESERVED}
    kind = scenario.config_type()
    remedy = f"its settings are: {', '.join(kind.model_fields) or 'none'}"
    try:
        return kind.model_validate(own)
    except ValidationError as error:
        for detail in error.errors(include_input=False, include_url=False):
            name = ".".join(map(str, detail["loc"]))
            found.append(Fault(f"{where} {name}".rstrip(), detail["msg"], remedy))
    except Exception as error:  # noqa: BLE001  # a validator is a stranger's code
        found.append(Fault(where, f"its Config cannot be read: {first_sentence(error)}", remedy))
    return None


def _rules(scenario: type[Scenario[Any, Any]], table: Mapping[str, Any], where: str, found: list[Fault]) -> Rules:
    """The rules under the street's overrides; those that are wrong are named in ``found`` and left out."""
    declared = _chosen(scenario, table, where, found)
    overrides = _table(table, "chain", where, found)
    beside = _beside(scenario, declared)
    chains = [declared, *(track.chain for track in beside)]
    _refuse_unknown_steps(chains, overrides, where, found)
    chain = _overridden(declared, overrides, where, found)
    beside = [_track(track, declared, chain, overrides, where, found) for track in beside]
    every = [*scenario.profiles().values(), *(track.chain for track in scenario.tracks)]
    left_out = _names(every) - _names([chain, *(track.chain for track in beside)])
    own = _own(table, where, found)
    return Rules(
        scenario=scenario.name,
        # A street that has left out every step of a track does without it.
        tracks=(TrackRule(MAIN, chain), *(track for track in beside if track.chain)),
        severity=_severity(scenario, table, where, found),
        on_cleared=scenario.on_cleared,
        quiet=_quiet(scenario, table, where, found),
        check=_check(scenario, table, where, found),
        outcomes=tuple(scenario.outcomes.items()),
        proofs=tuple(_proofs(scenario, left_out)),
        join=scenario.join,
        recurrence=_recurrence(scenario, table, declared, chain, where, found),
        remind_percent=scenario.remind_percent if own.remind_percent is None else own.remind_percent,
        returns_max=scenario.returns_max if own.returns_max is None else own.returns_max,
        arbiter=scenario.arbiter if own.arbiter is None else own.arbiter,
    )


def step_or_next(name: str, declared: Sequence[Step], kept: Sequence[Step]) -> str:
    """The step of that name; where the street has left it out the next one, or the last if none comes after it.

    A name that was never declared is returned as it is.
    """
    names, known = [step.name for step in kept], [step.name for step in declared]
    if name in names or name not in known or not names:
        return name
    return next((later for later in known[known.index(name) + 1 :] if later in names), names[-1])


def _chosen(
    scenario: type[Scenario[Any, Any]], table: Mapping[str, Any], where: str, found: list[Fault]
) -> tuple[Step, ...]:
    """The main chain of the profile that the street has chosen."""
    profiles = scenario.profiles()
    name = table.get("profile", scenario.profile)
    if isinstance(name, str) and name in profiles:
        return profiles[name]
    known = ", ".join(filter(None, profiles))
    remedy = f"say one of {known}" if known else "it has only one chain; drop profile"
    found.append(Fault(f"{where} profile", f"{name!r} is not a profile of this scenario", remedy))
    return scenario.chain


def _beside(scenario: type[Scenario[Any, Any]], declared: Sequence[Step]) -> list[TrackRule]:
    """The further tracks but for those that open at a step which only another profile has."""
    elsewhere = _names(scenario.profiles().values()) - _names([declared])
    return [track for track in scenario.tracks if track.opens_at not in elsewhere]


def _track(
    track: TrackRule,
    declared: Sequence[Step],
    kept: Sequence[Step],
    overrides: Mapping[str, Any],
    where: str,
    found: list[Fault],
) -> TrackRule:
    """A further track under the street's overrides, opened where the main track, ``kept`` of ``declared``, opens it."""
    opens_at = step_or_next(track.opens_at, declared, kept) if track.opens_at else ""
    return replace(track, chain=_overridden(track.chain, overrides, where, found), opens_at=opens_at)


def _names(chains: Iterable[Sequence[Step]]) -> set[str]:
    return {step.name for chain in chains for step in chain}


def _proofs(scenario: type[Scenario[Any, Any]], left_out: Set[str]) -> Iterator[Proof]:
    """The evidence that is wanted; what only steps would bring that the street, or its profile, does without is not."""
    for one in scenario.evidence:
        proof = Proof(one) if isinstance(one, str) else one
        steps = tuple(step for step in proof.steps if step not in left_out)
        if steps or not proof.steps:
            yield replace(proof, steps=steps)


def _own(table: Mapping[str, Any], where: str, found: list[Fault]) -> RuleOverride:
    set_here = {name: table[name] for name in RuleOverride.model_fields if name in table}
    try:
        return RuleOverride.model_validate(set_here)
    except ValidationError as error:
        for detail in error.errors(include_input=False, include_url=False):
            (name,) = map(str, detail["loc"])
            remedy = f'write {name} = "ops_center"' if name == "arbiter" else f"write {name} = a whole number"
            found.append(Fault(f"{where} {name}", detail["msg"], remedy))
    return RuleOverride()


def _recurrence(
    scenario: type[Scenario[Any, Any]],
    table: Mapping[str, Any],
    declared: Sequence[Step],
    chain: Sequence[Step],
    where: str,
    found: list[Fault],
) -> Recurrence | None:
    override = _table(table, "recurrence", where, found)
    try:
        recurrence = RecurrenceOverride.model_validate(override).applied(scenario.recurrence)
    except ValueError as error:
        remedy = f"it may set {', '.join(RecurrenceOverride.model_fields)}"
        found.append(Fault(f"{where} recurrence", first_sentence(error), remedy))
        return None
    return recurrence and replace(recurrence, start=step_or_next(recurrence.start, declared, chain))


def _table(table: Mapping[str, Any], name: str, where: str, found: list[Fault]) -> Mapping[str, Any]:
    inner = table.get(name, {})
    if isinstance(inner, Mapping):
        return inner
    found.append(Fault(f"{where} {name}", "is not a table", f"write [{where.strip('[]')}.{name}] and its keys below"))
    return {}


def _severity(scenario: type[Scenario[Any, Any]], table: Mapping[str, Any], where: str, found: list[Fault]) -> Severity:
    try:
        return Severity(table.get("severity", scenario.severity))
    except ValueError:
        found.append(Fault(f"{where} severity", "is not a severity", f"say one of {', '.join(Severity)}"))
        return scenario.severity


def _quiet(
    scenario: type[Scenario[Any, Any]], table: Mapping[str, Any], where: str, found: list[Fault]
) -> Limit | None:
    try:
        return Limit.parse(table["quiet"]) if "quiet" in table else scenario.quiet
    except (ValueError, TypeError) as error:
        found.append(Fault(f"{where} quiet", first_sentence(error), 'write quiet = "10 minutes"'))
        return scenario.quiet


def _check(scenario: type[Scenario[Any, Any]], table: Mapping[str, Any], where: str, found: list[Fault]) -> Check:
    try:
        return CheckOverride.model_validate(_table(table, "check", where, found)).applied(scenario.check)
    except ValueError as error:
        remedy = f"it may set {', '.join(CheckOverride.model_fields)}"
        found.append(Fault(f"{where} check", first_sentence(error), remedy))
        return scenario.check


def _refuse_unknown_steps(
    chains: Iterable[Sequence[Step]], overrides: Mapping[str, Any], where: str, found: list[Fault]
) -> None:
    known = list(dict.fromkeys(step.name for chain in chains for step in chain))
    remedy = f"the steps are: {', '.join(known)}"
    found += [Fault(f"{where} chain.{name}", "is not a step", remedy) for name in overrides if name not in known]


def _overridden(
    chain: tuple[Step, ...], overrides: Mapping[str, Any], where: str, found: list[Fault]
) -> tuple[Step, ...]:
    steps = []
    for step in chain:
        try:
            override = StepOverride.model_validate(overrides.get(step.name, {}))
            if override.enabled:
                steps.append(override.applied(step))
        except ValueError as error:
            remedy = f"it may set {', '.join(StepOverride.model_fields)}"
            found.append(Fault(f"{where} chain.{step.name}", first_sentence(error), remedy))
            steps.append(step)
    return tuple(steps)
