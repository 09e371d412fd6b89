"""A scenario that is wrong is refused when it is loaded: culprit, complaint and remedy, everything at once."""

from typing import Any, ClassVar

import pytest

from civicloop import (
    CLOSE,
    Check,
    Config,
    Event,
    Finding,
    Memory,
    Need,
    Proof,
    Recurrence,
    Scenario,
    Severity,
    Silence,
    Step,
    TrackRule,
    days,
    hours,
    minutes,
)
from civicloop.core.model.chain import Loop
from civicloop.core.sdk.binding import bind
from civicloop.core.sdk.faults import Fault, PluginError


class Level(Event, type="bins.level"):
    percent: int = 0


class Nameless(Event):
    pass


class Said(Event, type="loop.accept"):
    pass


class Settings(Config):
    full_percent: int = 80


class Full(Scenario[Level]):
    name = "bins.full"
    on_cleared = CLOSE
    chain = (
        Step("empty", "cleaner", accept=minutes(10), finish=hours(1)),
        Step("supervise", "ops_center", minutes(30)),
    )
    config: Settings

    def assess(self, event, context):
        yield Finding("full")


def faults(scenario: Any, **table: Any) -> list[Fault]:
    with pytest.raises(PluginError) as raised:
        bind(scenario, table)
    assert str(raised.value).splitlines() == [str(fault) for fault in raised.value.faults]
    return list(raised.value.faults)


def like(**attributes: Any) -> type[Scenario[Any, Any]]:
    return type("Odd", (Full,), attributes)


def listening(kind: Any, *, memory: Any = None) -> type[Scenario[Any, Any]]:
    class Odd(Scenario[(kind, memory) if memory else kind]):  # type: ignore[misc]  # made to be wrong
        name = "bins.odd"
        on_cleared = CLOSE
        chain = Full.chain
        assess = Full.assess

    return Odd


class Incomplete(Config):
    full_percent: int


class Taken(Config):
    quiet: int = 3


class Forgetful(Memory):
    count: int


CATALOGUE = {key: {"zh": "桶", "en": "bin"} for key in ("full", "empty", "supervise")}

CLASSES = [
    (like(name="Full"), "'Full' is not a scenario name", 'name = "plugin.scenario"'),
    (like(name=7), "7 is not a scenario name", 'name = "plugin.scenario"'),
    (listening(Nameless), "listens to no event type", 'MyEvent(Event, type="...")'),
    (listening(int), "listens to no event type", "class X(Scenario[MyEvent])"),
    (listening(Said), "listens to loop.accept, which is an answer", "a type of your own"),
    (like(assess=Scenario.assess), "never says what an event means", "def assess(self, event, context)"),
    (like(chain=()), "has no chain", "chain = (Step("),
    (like(chain=Step("empty", "cleaner", minutes(1))), "its chain is no tuple of steps", "a comma after each step"),
    (like(chain=("empty",)), "its chain is no tuple of steps", "a comma after each step"),
    (like(tracks=TrackRule("side", Full.chain)), "its tracks are no tuple", "tracks = (TrackRule("),
    (like(tracks=(TrackRule("side", Full.chain[0]),)), "the chain of a track is no tuple", 'TrackRule("name", (Step'),
    (like(chains=("a",)), "its chains are no tuples by name", 'chains = {"night": (Step('),
    (like(profile="day", chains={"night": (3,)}), "its chain night is no tuple of steps", "a comma after each"),
    (like(profile="day", chains={"day": Full.chain}), "'day' is no name for another chain", "of its own"),
    (like(chains={"night": Full.chain}), "has several chains, but no name for its own", 'profile = "in_parallel"'),
    (like(profile="day", chains={"night": (Step("meet", "x", hours(1)),)}, texts=CATALOGUE), "lack 'meet'", "texts"),
    (like(api=2), "was written for API 2", "port it and write api = 1"),
    (like(on_cleared="close"), "on_cleared is 'close'", "CLOSE, CLOSE_BEFORE_DISPATCH, VERIFY, EVIDENCE"),
    (like(severity="P2"), "severity is 'P2'", "severity = Severity.P2"),
    (like(check="ops_center"), "check is 'ops_center'", "check = Check("),
    (like(quiet=10), "quiet is 10", "quiet = minutes(10), or None"),
    (like(evidence="photo"), "its evidence is no tuple", 'evidence = ("photo_after",)'),
    (like(evidence=("photo", 3)), "its evidence is no tuple", "or Proof("),
    (like(recurrence=days(30)), "recurrence is Limit", "recurrence = Recurrence(within=days(30)"),
    (like(join=True), "join is True", "join = 0"),
    (like(remind_percent=0.75), "remind_percent is 0.75", "remind_percent = 75"),
    (like(returns_max="3"), "returns_max is '3'", "returns_max = 3"),
    (like(arbiter=("ops_center",)), "arbiter is ('ops_center',)", 'arbiter = "ops_center"'),
    (like(tracks=(TrackRule("side", Full.chain, silence="end"),)), "silence of track side is 'end'", "Silence.END"),
    (like(recurrence=Recurrence(days(30), "fly")), "starts a recurrence at fly", "change the chain of bins.full"),
    (like(__annotations__={"config": Incomplete}), "no complete defaults (full_percent: Field required)", "a default"),
    (like(__annotations__={"config": Taken}), "a field 'quiet', which streets use otherwise", "another name"),
    (like(__annotations__={"config": int}), "config is annotated as <class 'int'>", "class MyConfig(Config)"),
    (like(__annotations__={"config": "Nowhere"}), "name 'Nowhere' is not defined", "at module level"),
    (listening(Level, memory=Forgetful), "its Memory has no complete defaults (count: Field required)", "a default"),
    (listening(Level, memory=dict), "its memory is a dict", "class MyMemory(Memory)"),
    (like(texts={key: CATALOGUE[key] for key in ("full", "supervise")}), "texts lack 'empty'", "texts.toml"),
    (like(texts={**CATALOGUE, "x": {"zh": "桶"}}), "text 'x' lacks en", "texts.toml"),
    (like(tracks=(TrackRule("side", (Step("meet", "cleaner", hours(1)),)),), texts=CATALOGUE), "lack 'meet'", "texts"),
    (like(chain=(Step("empty", "cleaner"),)), "has no limit and would wait for ever", "change the chain of bins.full"),
    (like(__init__=lambda _self, _config: 1 / 0), "cannot be made: division by zero", "let __init__ only keep config"),
]


@pytest.mark.parametrize(("scenario", "complaint", "remedy"), CLASSES)
def test_a_wrong_class_is_refused(scenario, complaint, remedy):
    [fault] = faults(scenario)
    assert complaint in fault.complaint
    assert remedy in fault.remedy
    assert fault.culprit in (f"{scenario.__module__}.{scenario.__qualname__}", "bins.full")


def test_all_faults_of_a_class_are_said_at_once():
    odd = like(name="x", api=3, chain=(), severity="P9", assess=Scenario.assess)
    assert len(faults(odd)) == 5


TABLES = [
    ({"full_percent": "much"}, "full_percent", "valid integer", "its settings are: full_percent"),
    ({"empty_percent": 3}, "empty_percent", "not permitted", "its settings are: full_percent"),
    ({"severity": "P9"}, "severity", "is not a severity", "say one of P0, P1, P2, P3"),
    ({"severity": ["P1"]}, "severity", "is not a severity", "say one of P0, P1, P2, P3"),
    ({"quiet": "soon"}, "quiet", "'soon' is not a limit", 'quiet = "10 minutes"'),
    ({"quiet": ""}, "quiet", "'' is not a limit", 'quiet = "10 minutes"'),
    ({"quiet": 10}, "quiet", "expected string", 'quiet = "10 minutes"'),
    ({"check": {"within": "0 hours"}}, "check", "longer than nothing", "it may set quiet, parties, within"),
    ({"check": {"quiet": ""}}, "check", "'' is not a limit", "it may set quiet, parties, within"),
    ({"check": {"by": "me"}}, "check", "not permitted", "it may set quiet, parties, within"),
    ({"check": "ops_center"}, "check", "is not a table", "write [plugins.bins.full.check]"),
    ({"check": {"sample": "half"}}, "check", "sample: Input should be a valid integer", "it may set quiet, parties"),
    ({"check": {"sample": True}}, "check", "sample: Input should be a valid integer", "within, clear, sample"),
    ({"check": {"clear": "soon"}}, "check", "'soon' is not a limit", "within, clear, sample"),
    ({"remind_percent": "75"}, "remind_percent", "valid integer", "remind_percent = a whole number"),
    ({"returns_max": True}, "returns_max", "valid integer", "returns_max = a whole number"),
    ({"arbiter": 3}, "arbiter", "valid string", 'arbiter = "ops_center"'),
    ({"recurrence": "30 days"}, "recurrence", "is not a table", "write [plugins.bins.full.recurrence]"),
    ({"recurrence": {"within": "30 days"}}, "recurrence", "both are needed: within and start", "it may set within"),
    ({"recurrence": {"within": "long", "start": "empty"}}, "recurrence", "'long' is not a limit", "it may set within"),
    ({"recurrence": {"since": "x"}}, "recurrence", "since: Extra inputs are not permitted", "it may set within, start"),
    ({"chain": ["empty"]}, "chain", "is not a table", "write [plugins.bins.full.chain]"),
    ({"chain": {"fly": {}}}, "chain.fly", "is not a step", "the steps are: empty, supervise"),
    ({"chain": {"empty": {"accept": "a while"}}}, "chain.empty", "'a while' is not a limit", "it may set enabled"),
    ({"chain": {"empty": {"accept": ""}}}, "chain.empty", "'' is not a limit", "it may set enabled"),
    ({"chain": {"empty": {"loop": "huge"}}}, "chain.empty", "'huge' is not a loop; say one of micro", "it may set"),
    ({"chain": {"empty": {"need": "most"}}}, "chain.empty", "need: Input should be 'any', 'all' or 'lead'", "it may"),
    ({"chain": {"empty": {"colour": 1}}}, "chain.empty", "colour: Extra inputs are not permitted", "it may set"),
    ({"chain": {"empty": 3}}, "chain.empty", "valid dictionary", "it may set"),
]


@pytest.mark.parametrize(("table", "where", "complaint", "remedy"), TABLES)
def test_a_wrong_override_is_refused(table, where, complaint, remedy):
    [fault] = faults(Full, **table)
    assert fault.culprit == f"[plugins.bins.full] {where}"
    assert complaint in fault.complaint
    assert remedy in fault.remedy


def test_all_faults_of_a_table_are_said_at_once():
    wrong = {
        "severity": "P9",
        "quiet": "soon",
        "x": 1,
        "check": {"by": 1},
        "chain": {"fly": {}, "empty": {"need": "x"}},
    }
    found = [fault.culprit.partition("] ")[2] for fault in faults(Full, **wrong)]
    assert found == ["x", "chain.fly", "chain.empty", "severity", "quiet", "check"]


def test_an_override_that_breaks_the_chain_is_refused():
    found = faults(Full, chain={"supervise": {"parties": []}})
    assert {fault.culprit for fault in found} == {"bins.full"}
    assert "the last step, supervise, is a pause" in found[0].complaint
    assert "change the chain of bins.full or its override in [plugins.bins.full]" in found[0].remedy
    off = {"empty": {"enabled": False}, "supervise": {"enabled": False}}
    [fault] = faults(Full, chain=off)
    assert "the chain is empty" in fault.complaint


def test_a_street_may_change_steps_check_quiet_severity_and_settings():
    steps = {
        "empty": {"parties": ["cleaner", "hauler"], "need": "all", "accept": "5 minutes", "inform": ["family"]},
        "supervise": {"loop": "medium", "finish": "2 work_days"},
    }
    check = {"parties": ["committee"], "within": "3 hours", "quiet": "20 minutes"}
    bound = bind(Full, {"full_percent": 70, "severity": "P1", "quiet": "30 minutes", "check": check, "chain": steps})
    assert bound.scenario.config.full_percent == 70
    rules = bound.rules
    assert (rules.severity, rules.quiet) == (Severity.P1, minutes(30))
    assert rules.check == Check(quiet=minutes(20), parties=("committee",), within=hours(3))
    empty, supervise = rules.chain("main")
    assert (empty.parties, empty.need, empty.accept, empty.inform) == (
        ("cleaner", "hauler"),
        Need.ALL,
        minutes(5),
        ("family",),
    )
    assert empty.finish == hours(1)
    assert (supervise.loop, str(supervise.finish)) == (Loop.MEDIUM, "2 work_days")
    assert bound.digest == rules.digest != bind(Full, {}).digest


def test_a_step_may_be_left_out():
    bound = bind(Full, {"chain": {"empty": {"enabled": False}}})
    assert [step.name for step in bound.rules.chain("main")] == ["supervise"]


def test_a_street_may_change_reminders_returns_arbiter_samples_and_recurrence():
    again = like(recurrence=Recurrence(days(30), "supervise"), check=Check(parties="ops_center", sample=50))
    rules = bind(again, {}).rules
    assert (rules.remind_percent, rules.returns_max, rules.arbiter) == (75, 3, "ops_center")
    assert (rules.recurrence, rules.check.sample) == (Recurrence(days(30), "supervise"), 50)
    table = {
        "remind_percent": 0,
        "returns_max": 2,
        "arbiter": "committee",
        "check": {"sample": 10, "clear": "30 minutes"},
        "recurrence": {"within": "90 days"},
    }
    rules = bind(again, table).rules
    assert (rules.remind_percent, rules.returns_max, rules.arbiter) == (0, 2, "committee")
    assert rules.check == Check(parties="ops_center", sample=10, clear=minutes(30))
    assert rules.recurrence == Recurrence(days(90), "supervise")
    both = bind(Full, {"recurrence": {"within": "7 days", "start": "supervise"}}).rules
    assert both.recurrence == Recurrence(days(7), "supervise")


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"remind_percent": 100}, "reminds at 100 percent"),
        ({"returns_max": 0}, "arbitrates after 0 returns"),
        ({"arbiter": ""}, "has no arbiter"),
        ({"check": {"sample": 101}}, "re-inspects 101 percent"),
        ({"recurrence": {"within": "7 days", "start": "fly"}}, "starts a recurrence at fly"),
    ],
)
def test_an_override_out_of_bounds_is_refused(table, words):
    [fault] = faults(Full, **table)
    assert words in fault.complaint


def test_what_names_a_step_that_the_street_leaves_out_means_the_next_one():
    side = TrackRule(
        "side", (Step("meet", "committee", hours(1)),), required=False, opens_at="empty", silence=Silence.END
    )
    full = like(tracks=(side,), recurrence=Recurrence(days(30), "empty"))
    rules = bind(full, {"chain": {"empty": {"enabled": False}}}).rules
    assert rules.track("side").opens_at == rules.recurrence.start == "supervise"
    last = like(recurrence=Recurrence(days(30), "supervise"))
    assert bind(last, {"chain": {"supervise": {"enabled": False}}}).rules.recurrence == Recurrence(days(30), "empty")


TWO_WAYS = like(profile="at_once", chains={"phone_first": (Step("phone", "family", minutes(5)), *Full.chain)})


@pytest.mark.parametrize(
    ("table", "steps"),
    [
        ({}, ["empty", "supervise"]),
        ({"profile": "at_once"}, ["empty", "supervise"]),
        ({"profile": "phone_first"}, ["phone", "empty", "supervise"]),
        ({"profile": "phone_first", "chain": {"empty": {"enabled": False}}}, ["phone", "supervise"]),
    ],
)
def test_a_street_chooses_among_the_chains_of_a_scenario(table, steps):
    assert [step.name for step in bind(TWO_WAYS, table).rules.chain("main")] == steps


def test_what_belongs_to_the_steps_of_another_profile_is_left_out():
    scenario = like(
        profile="at_once",
        chains={"phone_first": (Step("phone", "family", minutes(5)), *Full.chain[1:])},
        tracks=(TrackRule("beside", (Step("phone", "family", minutes(5)),), required=False, opens_at="empty"),),
        evidence=(Proof("photo", steps=("empty", "supervise")), Proof("note", steps=("empty",))),
    )
    here, there = (bind(scenario, {"profile": name}).rules for name in ("at_once", "phone_first"))
    assert [track.name for track in here.tracks] == ["main", "beside"]
    assert [(one.kind, one.steps) for one in here.proofs] == [("photo", ("empty", "supervise")), ("note", ("empty",))]
    assert [track.name for track in there.tracks] == ["main"]
    assert [(one.kind, one.steps) for one in there.proofs] == [("photo", ("supervise",))]


def test_a_profile_that_is_none_is_refused():
    [fault] = faults(TWO_WAYS, profile="by_letter")
    assert fault.culprit == "[plugins.bins.full] profile"
    assert "'by_letter' is not a profile" in fault.complaint
    assert fault.remedy == "say one of at_once, phone_first"
    [fault] = faults(Full, profile="at_once")
    assert "it has only one chain" in fault.remedy
    [fault] = faults(TWO_WAYS, profile=["at_once"])
    assert "is not a profile" in fault.complaint


def test_a_chain_that_nobody_chose_is_checked_all_the_same():
    broken = like(profile="at_once", chains={"phone_first": (Step("phone"), Step("ask", "family"))})
    found = faults(broken)
    assert {fault.culprit for fault in found} == {"bins.full, profile phone_first"}
    assert any("step ask has no limit" in fault.complaint for fault in found)


def test_the_steps_of_a_further_track_may_be_changed_or_left_out():
    side = TrackRule("side", (Step("confirm", "call_center", minutes(1)), Step("ring", "police", minutes(2))), False)
    beside = like(tracks=(side,))
    rules = bind(beside, {"chain": {"confirm": {"accept": "30 seconds"}}}).rules
    assert str(rules.chain("side")[0].accept) == "30 seconds"
    assert [step.name for step in bind(beside, {"chain": {"confirm": {"enabled": False}}}).rules.chain("side")] == [
        "ring"
    ]
    off = {"confirm": {"enabled": False}, "ring": {"enabled": False}}
    assert [track.name for track in bind(beside, {"chain": off}).rules.tracks] == ["main"]


def test_evidence_is_a_kind_or_a_proof():
    visit = Proof("visit", is_here=True, outcomes=("done", "failed"))
    assert bind(like(evidence=("photo", visit)), {}).rules.proofs == (Proof("photo"), visit)


def test_without_a_table_the_scenario_is_as_its_author_wrote_it():
    bound = bind(Full, {})
    assert bound.rules.chain("main") == Full.chain
    assert (bound.name, bound.remembers, bound.scenario.config.full_percent) == ("bins.full", False, 80)


def test_a_value_that_was_refused_is_not_repeated():
    class Secretive(Config):
        port: int = 1

    class Quiet(Full):
        config: Secretive
        known: ClassVar[int] = 1

    Quiet.__annotations__["config"] = Secretive
    assert "hunter2" not in str(faults(Quiet, port="hunter2"))
