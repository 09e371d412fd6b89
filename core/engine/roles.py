"""Roles that a street's plugins ask, against the roles that anybody holds there: refused at load time, not at night."""

from __future__ import annotations

from collections.abc import Iterator

from ..model.chain import Step
from ..sdk.binding import Binding
from ..sdk.loader import Registry
from ..street.complaint import Complaint, nearest
from ..street.folder import StreetFolder

WITHOUT = ("street", "without_roles")
NAMED_MAX = 3
"""How many steps a complaint names; the rest it counts."""


def role_complaints(folder: StreetFolder, registry: Registry) -> Iterator[Complaint]:
    """A role that an override names and nobody holds, a step that reaches nobody, a track without any step that does.

    ``street.without_roles`` are roles the street says it has not: steps that ask nobody else are then passed at once,
    as where somebody holds the role only elsewhere. The list itself must be true.
    """
    steps, held = list(_steps(registry)), _held(folder)
    yield from _overrides(folder, steps, held)
    yield from _lacking(folder, steps, held)
    yield from _not_without(folder, steps, held)
    yield from _tracks(folder, registry, held)


def role_warnings(folder: StreetFolder, registry: Registry) -> Iterator[Complaint]:
    """Steps that are passed because the street has none of their roles, and roles missing beside others."""
    held = _held(folder)
    for binding, step in _steps(registry):
        missing = [role for role in (*step.parties, *step.inform) if role not in held]
        if step.parties and held.isdisjoint(step.parties):
            what = f"step {step.name!r} of {binding.name} asks {', '.join(step.parties)}, which this street has not"
            remedy = "each case that comes there goes on at once, and ops are told"
            yield Complaint("civicloop.toml", folder.locate(WITHOUT), what, remedy)
        elif missing:
            what = f"step {step.name!r} of {binding.name} also names {', '.join(missing)}, which nobody holds"
            yield Complaint("parties.csv", 0, what, "the others are asked; add the role if it exists here")
    for binding in registry.bindings.values():
        if binding.rules.arbiter not in held:
            what = f"{binding.rules.arbiter}, who arbitrates for {binding.name}, is a role that nobody holds"
            yield Complaint("parties.csv", 0, what, "add the role, or set arbiter to one that is held")


def _held(folder: StreetFolder) -> frozenset[str]:
    return frozenset(role for _, role in folder.street.directory.parties)


def _steps(registry: Registry) -> Iterator[tuple[Binding, Step]]:
    for binding in registry.bindings.values():
        for rule in binding.rules.tracks:
            for step in rule.chain:
                yield binding, step


def _override_of(folder: StreetFolder, binding: Binding, step: Step) -> tuple[str, ...] | None:
    """The key under which the street itself has named the step's parties."""
    plugin, _, short = binding.name.partition(".")
    chain = folder.plugins[plugin].scenarios.get(short, {}).get("chain", {})
    return ("plugins", plugin, short, "chain", step.name) if "parties" in chain.get(step.name, {}) else None


def _overrides(folder: StreetFolder, steps: list[tuple[Binding, Step]], held: frozenset[str]) -> Iterator[Complaint]:
    for binding, step in steps:
        missing = [role for role in step.parties if role not in held]
        key = _override_of(folder, binding, step)
        if missing and key:
            what = f"step {step.name!r} of {binding.name} asks {', '.join(missing)}, which nobody holds"
            yield folder.complaint(key, what, "add the role to parties.csv, or name one that is held")


def _lacking(folder: StreetFolder, steps: list[tuple[Binding, Step]], held: frozenset[str]) -> Iterator[Complaint]:
    """One complaint for each role, or choice of roles, that steps of the plugins need and nobody holds."""
    without = frozenset(folder.settings.street.without_roles)
    needing: dict[tuple[str, ...], list[str]] = {}
    plugins: dict[tuple[str, ...], str] = {}
    for binding, step in steps:
        is_lost = step.parties and held.isdisjoint(step.parties) and not without.issuperset(step.parties)
        if is_lost and _override_of(folder, binding, step) is None:
            roles = tuple(sorted(step.parties))
            needing.setdefault(roles, []).append(f"{step.name!r} of {binding.name}")
            plugins.setdefault(roles, binding.name.partition(".")[0])
    for roles, named in needing.items():
        more = f" and {len(named) - NAMED_MAX} more" if len(named) > NAMED_MAX else ""
        asked = f"{'step' if len(named) == 1 else 'steps'} {', '.join(named[:NAMED_MAX])}{more}"
        listed = ", ".join(f'"{role}"' for role in roles if role not in without)
        line = f"[street] without_roles = [{listed}]"
        yield folder.complaint(
            ("plugins", plugins[roles]),
            f"nobody holds {' or '.join(roles)}, for {asked}",
            f"add the role to parties.csv, name others in the step's parties, or say that there is none: {line}",
        )


def _not_without(folder: StreetFolder, steps: list[tuple[Binding, Step]], held: frozenset[str]) -> Iterator[Complaint]:
    asked = {role for _, step in steps for role in (*step.parties, *step.inform)}
    for role in folder.settings.street.without_roles:
        if role in held:
            yield folder.complaint(WITHOUT, f"{role} is held by somebody in parties.csv", "take it out of the list")
        elif role not in asked:
            what = f"no plugin that is enabled asks {role}"
            yield folder.complaint(WITHOUT, what, nearest(role, asked - held, "take it out of the list"))


def _tracks(folder: StreetFolder, registry: Registry, held: frozenset[str]) -> Iterator[Complaint]:
    """A line of work that reaches nobody at all is none, whatever the street says it has not."""
    without = frozenset(folder.settings.street.without_roles)
    for binding in registry.bindings.values():
        for rule in binding.rules.tracks:
            asked = {role for step in rule.chain for role in step.parties}
            if asked and held.isdisjoint(asked) and without.issuperset(asked):
                plugin, _, short = binding.name.partition(".")
                what = f"track {rule.name!r} of {binding.name} asks nobody whom this street has"
                remedy = f"override the parties of a step, or write enabled = false in [plugins.{binding.name}]"
                yield folder.complaint(("plugins", plugin, short), what, remedy)
