"""A stranger's plugin that never comes back, in the real daemon: named, quarantined, and nothing else stops."""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

import pytest

from .faults import ask, command, insist, log_of, reading, running, until
from .stranger import MODULE, strange_street

SECONDS = 1
PLACE = "willow-garden"

ENDLESS = ("spin", "wait", "pattern", "swallow")
UNSTOPPABLE = ("hold", "crash", "swallow_all")
RAISING = ("leave", "huge")


def thing(id: str, do: str = "", subject: str = "") -> dict[str, Any]:
    return {
        "specversion": "1.0",
        "id": id,
        "source": "//stranger",
        "type": "stranger.ask",
        "subject": subject or id,
        "place": PLACE,
        "data": {"do": do},
    }


@pytest.mark.slow
def test_a_plugin_that_does_not_return_costs_its_own_event_and_nothing_else(tmp_path: Path) -> None:
    victim = strange_street(tmp_path / "street", {"assess_seconds_max": SECONDS})
    with running(victim):
        wrong = [*ENDLESS, *RAISING]
        for do in wrong:
            results = insist(victim, [thing(f"{do}-before"), thing(do, do), thing(f"{do}-after")])
            assert [one["status"] for one in results] == ["accepted"] * 3
        assert not victim.has_ended
        assert "daemon_restarts" not in log_of(victim)
        with reading(victim.folder) as store:
            rows = {row.id: row for row in store.quarantine(100)}
            assert set(rows) == set(wrong)
            for do in ENDLESS:
                assert rows[do].scenario == "stranger.strange"
                assert f"stranger.strange did not return within {SECONDS} s" in rows[do].why
                assert f"in {do}" in rows[do].trace
            assert "left by SystemExit" in rows["leave"].why
            assert "MemoryError" in rows["huge"].why
            for do in wrong:  # other events of the batch, and the other scenario for the same event
                for key in (f"{do}-before", f"{do}-after"):
                    assert store.round("stranger.strange", key) is not None
                assert store.round("stranger.steady", do) is not None
        until("ops are told", lambda: next(iter(victim.folder.glob("var/drop/fault.*.json")), None))


@pytest.mark.slow
@pytest.mark.parametrize("do", UNSTOPPABLE)
def test_what_cannot_be_interrupted_restarts_the_daemon_and_is_kept_out_the_third_time(tmp_path: Path, do: str) -> None:
    victim = strange_street(tmp_path / "street", {"assess_seconds_max": SECONDS})
    with running(victim):
        [kept] = insist(victim, [thing("kept")])
        assert kept["status"] == "accepted"
        results = insist(victim, [thing("before"), thing("bad", do), thing("after")])
        assert [one["status"] for one in results] == ["accepted"] * 3
        assert not victim.has_ended
        assert log_of(victim).count("daemon_restarts") == 2
        with reading(victim.folder) as store:
            [row] = store.quarantine(100)
            assert (row.id, row.scenario) == ("bad", "stranger.strange")
            assert "did not return twice" in row.why
            assert f"in {do}" in row.trace
            for key in ("kept", "before", "after"):
                assert store.round("stranger.strange", key) is not None
            assert store.event("//stranger", "kept") is not None
        assert victim.stop() == 0


@pytest.mark.slow
def test_a_channel_that_blocks_the_event_loop_is_interrupted_and_tried_again(tmp_path: Path) -> None:
    street = tmp_path / "street"
    victim = strange_street(street, {"assess_seconds_max": SECONDS}, extra='[channels.wall]\nkind = "blocking"\n')
    settings = street / "civicloop.toml"
    text = settings.read_text(encoding="utf-8")
    settings.write_text(text.replace('default = ["drop"]', 'default = ["wall", "drop"]'), encoding="utf-8")
    people = street / "parties.csv"
    people.write_text(people.read_text(encoding="utf-8").replace("drop", "wall;drop"), encoding="utf-8")
    with running(victim):
        insist(victim, [thing("a")])
        until("the other channel delivers", lambda: next(iter(street.glob("var/drop/*.json")), None))
        until("the channel is named", lambda: "notice_retried" in log_of(victim) or None)
        assert "channel='wall'" in log_of(victim)
        assert "did not return within 1 s" in log_of(victim)
        assert ask(victim, "/readyz").status == 200
        assert "daemon_restarts" not in log_of(victim)


@pytest.mark.slow
@pytest.mark.parametrize(("does", "says"), [("spin", "in spin"), ("wait", "cannot be interrupted")])
def test_a_plugin_that_never_finishes_loading_is_named(tmp_path: Path, does: str, says: str) -> None:
    module = MODULE.replace("    return [Strange, Steady]", f"    {does}()")
    victim = strange_street(tmp_path / "street", {"assess_seconds_max": SECONDS}, module)
    with pytest.raises(AssertionError, match="ended with 1"):
        victim.start()
    assert "plugin stranger: " in log_of(victim)
    assert says in log_of(victim)


@pytest.mark.slow
@pytest.mark.parametrize(("does", "says"), [("spin", "in spin"), ("wait", "reload_stuck")])
def test_a_plugin_that_never_finishes_reloading_leaves_the_daemon_as_it_was(
    tmp_path: Path, does: str, says: str
) -> None:
    stuck = f"    import pathlib\n    if pathlib.Path(__file__).with_name('stuck').exists():\n        {does}()\n"
    module = MODULE.replace("    return [Strange, Steady]", f"{stuck}    return [Strange, Steady]")
    victim = strange_street(tmp_path / "street", {"assess_seconds_max": SECONDS}, module)
    with running(victim):
        (tmp_path / "site" / "stuck").touch()
        os.kill(victim.pid, signal.SIGHUP)
        until("the reload is refused", lambda: says in log_of(victim) or None)
        assert "plugin stranger" in log_of(victim)
        [after] = insist(victim, [thing("after")])
        assert after["status"] == "accepted"
        assert victim.stop() == 0


@pytest.mark.slow
def test_a_retry_that_cannot_be_interrupted_is_ended_by_its_parent_and_the_others_are_judged(tmp_path: Path) -> None:
    victim = strange_street(tmp_path / "street", {"assess_seconds_max": SECONDS})
    with running(victim):
        insist(victim, [thing("bad", "leave"), thing("good", "huge")])
        with reading(victim.folder) as store:
            assert {row.id for row in store.quarantine(100)} == {"bad", "good"}
        repaired = MODULE.replace('raise SystemExit("enough")', "hold()").replace("bytearray(2**50)", "pass")
        (tmp_path / "site" / "stranger.py").write_text(repaired, encoding="utf-8")
        told = command(victim, "events", "retry", victim.folder, "--all")
        assert told.returncode == 1
        assert told.stdout == ""
        assert "command_restarts" in told.stderr
        assert "stranger.strange did not return twice and could not be interrupted" in told.stderr
        assert told.stderr.endswith("2 retried: 1 accepted, 1 still quarantined.\n")
        with reading(victim.folder) as store:
            [row] = store.quarantine(100)
            assert (row.id, row.scenario) == ("bad", "stranger.strange")
            assert store.round("stranger.strange", "good") is not None
        [after] = insist(victim, [thing("after")])
        assert after["status"] == "accepted"
        assert victim.stop() == 0
