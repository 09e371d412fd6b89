"""Random rules: chains, tracks, checks, proofs, joins and recurrence, as far as a scenario that loads may have them."""

from hypothesis import strategies as st

from civicloop.core.loop.proofs import faults
from civicloop.core.model.chain import (
    CLOSE,
    VERIFY,
    Check,
    Effect,
    Loop,
    Need,
    OnCleared,
    Proof,
    Recurrence,
    Rules,
    Severity,
    Silence,
    Step,
    TrackRule,
)
from civicloop.core.model.limit import Count, Limit, hours, minutes, work_days, work_hours

ROLES = ("cleaner", "hauler", "manager", "secretary", "inspector", "auditor", "reviewer", "ops_center")
NOBODYS = ("ghost", "spirit")
"""Roles that no street has."""

LIMITS = [minutes(5), minutes(30), hours(4), hours(30), work_hours(2), work_days(3)]
CHECK_SHARES = [100, 100, 100, 50, 1, 0]
OUTCOMES = (("helped", Effect.DONE), ("not_reachable", Effect.FAILED))
PROOFS = (
    Proof("photo", is_fresh=True, is_here=True, is_timely=True),
    Proof("visit", outcomes=("met", "absent")),
    Proof("after", to_close=True, is_timely=True),
    Proof("letter", to_close=True, is_numbered=True),
)

limits = st.sampled_from(LIMITS)
roles = st.lists(st.sampled_from([*ROLES, *NOBODYS]), min_size=1, max_size=3, unique=True).map(tuple)


def one_in(draw: st.DrawFn, many: int) -> bool:
    """Rarely true; false is what examples shrink to."""
    return draw(st.integers(0, many - 1)) == many - 1


@st.composite
def clocks(draw: st.DrawFn) -> tuple[Limit | None, Limit | None]:
    """``accept`` and ``finish``: at least one, and where both count alike the finish no earlier."""
    accept, finish = draw(st.none() | limits), draw(st.none() | limits)
    if accept is None and finish is None:
        finish = minutes(30)
    if accept and finish and accept.count is finish.count and accept > finish:
        accept, finish = finish, accept
    return accept, finish


@st.composite
def steps(draw: st.DrawFn, name: str, loop: Loop, may_enforce: bool) -> Step:
    accept, finish = draw(clocks())
    if may_enforce and one_in(draw, 3):
        return Step(name, "urban_enforcement", accept, finish, loop, enforcement=True)
    inform = draw(roles) if one_in(draw, 3) else ()
    need = draw(st.sampled_from(Need))
    return Step(name, draw(roles), accept, finish, loop, need, False, inform, review=one_in(draw, 4))


@st.composite
def chains(draw: st.DrawFn, prefix: str) -> tuple[Step, ...]:
    loops = sorted(draw(st.lists(st.sampled_from(Loop), min_size=1, max_size=4)))
    chain: list[Step] = []
    for at, loop in enumerate(loops):
        if one_in(draw, 5):
            chain.append(Step(f"{prefix}p{at}", finish=draw(limits), loop=loop))
        chain.append(draw(steps(f"{prefix}{at}", loop, any(before.review for before in chain))))
    if one_in(draw, 4):
        # A limit from the opening that the steps before may have used up, or not.
        at = draw(st.integers(0, len(chain) - 1))
        step, finish = chain[at], draw(limits)
        if step.parties and not step.enforcement and (step.accept is None or step.accept.count is not finish.count):
            chain[at] = Step(
                step.name, step.parties, step.accept, finish, step.loop, step.need, True, step.inform, step.review
            )
    return tuple(chain)


@st.composite
def tracks(draw: st.DrawFn) -> tuple[TrackRule, ...]:
    main = TrackRule("main", draw(chains("s")), True, "", Silence.END if one_in(draw, 6) else Silence.REPEAT)
    found = [main]
    for name in ("side", "third")[: draw(st.sampled_from([0, 0, 1, 1, 2]))]:
        opens_at = draw(st.sampled_from(["", *(step.name for step in main.chain)]))
        silence = draw(st.sampled_from(Silence))
        found.append(TrackRule(name, draw(chains(name[0])), draw(st.booleans()), opens_at, silence))
    return tuple(found)


@st.composite
def checks(draw: st.DrawFn, severity: Severity) -> Check:
    parties = draw(roles) if draw(st.booleans()) else ()
    within = draw(st.none() | limits)
    sample = draw(st.sampled_from(CHECK_SHARES)) if parties else 100
    if severity is Severity.P0:
        return Check(None, parties, within, None, sample)
    quiet = draw(limits) if one_in(draw, 3) else None
    clear = draw(limits) if one_in(draw, 3) else None
    return Check(quiet, parties, within, clear, sample)


@st.composite
def all_rules(draw: st.DrawFn) -> Rules:
    severity, on_cleared = draw(st.sampled_from(Severity)), draw(st.sampled_from(OnCleared))
    if severity is Severity.P0 and on_cleared in (CLOSE, VERIFY):
        on_cleared = OnCleared.EVIDENCE
    lines = draw(tracks())
    required = sum(line.required for line in lines)
    start = draw(st.sampled_from([step.name for step in lines[0].chain]))
    return Rules(
        "bins.full",
        lines,
        severity,
        on_cleared,
        draw(limits) if on_cleared is VERIFY or one_in(draw, 3) else None,
        draw(checks(severity)),
        OUTCOMES,
        tuple(draw(st.lists(st.sampled_from(PROOFS), max_size=2, unique=True))) if draw(st.booleans()) else (),
        draw(st.integers(0, required)),
        Recurrence(draw(limits), start) if draw(st.booleans()) else None,
        draw(st.sampled_from([75, 75, 0, 1, 50, 99])),
        draw(st.integers(1, 3)),
        draw(st.sampled_from(["ops_center", "secretary", "manager", "ghost"])),
    )


rules_that_load = all_rules().filter(lambda rules: not faults(rules))


def limits_of(rules: Rules) -> list[Limit]:
    """Every limit that these rules name, the longest of each count."""
    named = [limit for line in rules.tracks for step in line.chain for limit in (step.accept, step.finish) if limit]
    named += [limit for limit in (rules.quiet, rules.check.quiet, rules.check.within, rules.check.clear) if limit]
    return [max((one for one in named if one.count is count), default=minutes(5)) for count in Count]
