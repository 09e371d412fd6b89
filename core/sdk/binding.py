"""A scenario bound to a street: its settings checked, its rules frozen, its faults named."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final, NamedTuple

from pydantic import BaseModel, ConfigDict, ValidationError

from ..loop.proofs import faults as chain_faults
from ..model.chain import Check, Loop, Need, Rules, Severity, Step, TrackRule
from ..model.limit import Limit
from .scenario import API_VERSION, Config, Memory, Scenario
from .texts import faults as text_faults

_NAME: Final = re.compile(r"[a-z][a-z0-9_]{0,63}\.[a-z][a-z0-9_]{0,63}")
RESERVED: Final = ("chain", "check", "enabled", "quiet", "severity")
"""Keys of a scenario's table that are not its own settings."""


class Fault(NamedTuple):
    """What is wrong with a plugin: who, what, and the line to paste that puts it right."""

    culprit: str
    complaint: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.culprit}: {self.complaint}; {self.remedy}"


class PluginError(Exception):
    """Plugins that cannot be used, all faults at once."""

    def __init__(self, faults: list[Fault]) -> None:
        self.faults = tuple(faults)
        super().__init__("\n".join(map(str, faults)))


@dataclass(frozen=True)
class Binding:
    """One scenario as this street runs it."""

    scenario: Scenario[Any, Any]
    rules: Rules
    digest: str

    @property
    def name(self) -> str:
        """``plugin.scenario``."""
        return self.scenario.name

    @property
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
        changes |= {name: Limit.parse(text) for name in ("accept", "finish") if (text := getattr(self, name))}
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

    def applied(self, check: Check) -> Check:
        """The check with these changes. Raises ``ValueError`` for a limit that is none."""
        return Check(
            quiet=Limit.parse(self.quiet) if self.quiet else check.quiet,
            parties=check.parties if self.parties is None else self.parties,
            within=Limit.parse(self.within) if self.within else check.within,
        )


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
    if rules is not None:
        remedy = f"change the chain of {scenario.name} or its override in {where}"
        found += [Fault(scenario.name, complaint, remedy) for complaint in chain_faults(rules)]
    if found or config is None or rules is None:
        raise PluginError(found)
    return Binding(scenario(config), rules, rules.digest)


def class_faults(scenario: type[Scenario[Any, Any]]) -> Iterator[Fault]:
    """What is wrong with a scenario class itself, whatever the street."""
    culprit = f"{scenario.__module__}.{scenario.__qualname__}"
    name = getattr(scenario, "name", "")
    if not _NAME.fullmatch(name):
        yield Fault(culprit, f"{name!r} is not a scenario name", 'write name = "plugin.scenario"')
    if not scenario.listens or not all(event.type for event in scenario.listens):
        yield Fault(culprit, "listens to no event type", 'write class X(Scenario[MyEvent]), MyEvent(Event, type="...")')
    if scenario.assess is Scenario.assess:
        yield Fault(culprit, "never says what an event means", "write def assess(self, event, context): ...")
    if not getattr(scenario, "chain", ()):
        yield Fault(culprit, "has no chain", 'write chain = (Step("visit", "property_company", accept=minutes(10), ...),)')
    if scenario.api != API_VERSION:
        yield Fault(culprit, f"was written for API {scenario.api}", f"port it and write api = {API_VERSION}")
    yield from _model_faults(scenario, culprit)
    steps = [step.name for step in getattr(scenario, "chain", ())]
    for complaint in text_faults(scenario.texts, [name.partition(".")[2], *steps]):
        yield Fault(culprit, complaint, "see the catalogue beside the plugin, texts.toml")


def _model_faults(scenario: type[Scenario[Any, Any]], culprit: str) -> Iterator[Fault]:
    try:
        scenario.config_type()()
    except (ValidationError, NameError) as error:
        yield Fault(culprit, f"its Config has no complete defaults ({_first(error)})", "give every field a default")
    try:
        scenario.memory_type()
    except ValidationError as error:
        yield Fault(culprit, f"its Memory has no complete defaults ({_first(error)})", "give every field a default")


def _first(error: Exception) -> str:
    if isinstance(error, ValidationError):
        detail = error.errors()[0]
        return f"{'.'.join(map(str, detail['loc']))}: {detail['msg']}"
    return str(error)


def _config(
    scenario: type[Scenario[Any, Any]], table: Mapping[str, Any], where: str, found: list[Fault]
) -> Config | None:
    own = {name: value for name, value in table.items() if name not in RESERVED}
    try:
        return scenario.config_type().model_validate(own)
    except ValidationError as error:
        known = ", ".join(scenario.config_type().model_fields) or "none"
        for detail in error.errors():
            name = ".".join(map(str, detail["loc"]))
            found.append(Fault(f"{where} {name}", detail["msg"], f"its settings are: {known}"))
        return None


def _rules(
    scenario: type[Scenario[Any, Any]], table: Mapping[str, Any], where: str, found: list[Fault]
) -> Rules | None:
    try:
        severity = Severity(table.get("severity", scenario.severity))
    except ValueError:
        found.append(Fault(f"{where} severity", "is not a severity", f"say one of {', '.join(Severity)}"))
        return None
    try:
        check = CheckOverride.model_validate(table.get("check", {})).applied(scenario.check)
        quiet = Limit.parse(table["quiet"]) if "quiet" in table else scenario.quiet
    except (ValueError, TypeError) as error:
        found.append(Fault(f"{where} check or quiet", _first(error), f"it may set {', '.join(CheckOverride.model_fields)}"))
        return None
    main = TrackRule("main", _overridden(scenario.chain, table.get("chain", {}), where, found))
    return Rules(
        scenario=scenario.name,
        tracks=(main, *scenario.tracks),
        severity=severity,
        on_cleared=scenario.on_cleared,
        quiet=quiet,
        check=check,
        outcomes=tuple(scenario.outcomes.items()),
        evidence=scenario.evidence,
    )


def _overridden(
    chain: tuple[Step, ...], overrides: Mapping[str, Any], where: str, found: list[Fault]
) -> tuple[Step, ...]:
    known = [step.name for step in chain]
    for name in overrides:
        if name not in known:
            found.append(Fault(f"{where} chain.{name}", "is not a step", f"the steps are: {', '.join(known)}"))
    steps = []
    for step in chain:
        try:
            override = StepOverride.model_validate(overrides.get(step.name, {}))
            if override.enabled:
                steps.append(override.applied(step))
        except ValueError as error:
            remedy = f"it may set {', '.join(StepOverride.model_fields)}"
            found.append(Fault(f"{where} chain.{step.name}", _first(error), remedy))
    return tuple(steps)
