"""Memory has a limit for the whole process, and hitting it loses nothing."""

from __future__ import annotations

from pathlib import Path

import pytest

from civicloop.core.running.footprint import PATIENCE_SECONDS, Footprint

from .faults import ask, insist, log_of, reading, running, until
from .stranger import strange_street
from .test_strangers import thing

LIMIT_MIB = 320


class Held:
    """What a process holds, and what it can give back."""

    def __init__(self, mib: int, spare: int = 0) -> None:
        self.mib, self.spare = mib, spare

    def measure(self) -> int:
        return self.mib

    def relieve(self) -> None:
        self.mib, self.spare = self.mib - self.spare, 0


@pytest.mark.parametrize(
    ("limit", "held", "after_seconds", "is_short", "is_hopeless"),
    [
        (0, Held(10_000), 100, False, False),
        (100, Held(100), 100, False, False),
        (100, Held(120, spare=30), 100, False, False),
        (100, Held(120, spare=10), PATIENCE_SECONDS - 1, True, False),
        (100, Held(120, spare=10), PATIENCE_SECONDS, True, True),
    ],
)
def test_when_memory_is_short(limit, held, after_seconds, is_short, is_hopeless) -> None:
    footprint = Footprint(limit, held.measure, held.relieve)
    first = footprint.look(0)
    assert (bool(first), footprint.is_hopeless) == (is_short, False)
    assert (bool(footprint.look(after_seconds)), footprint.is_hopeless) == (is_short, is_hopeless)
    held.mib = 1
    assert (footprint.look(after_seconds + 1), footprint.is_hopeless) == ("", False)


@pytest.mark.slow
def test_a_plugin_that_eats_all_memory_is_survived_by_a_restart_and_nothing_is_lost(tmp_path: Path) -> None:
    victim = strange_street(tmp_path / "street", {"memory_mib_max": LIMIT_MIB})
    acknowledged = []
    with running(victim):
        for number in range(100):
            said = ask(victim, "/events", [thing(f"h{number}", "hungry")])
            if said.status != 202:
                break
            acknowledged.append(f"h{number}")
        assert (said.status, said.json["code"]) == (429, "memory_short")
        assert f"memory_mib_max = {LIMIT_MIB}" in said.json["detail"]
        assert int(said.retry_after) > 0
        assert ask(victim, "/readyz").status == 503
        assert ask(victim, "/healthz").status == 200
        until("a restart", lambda: "daemon_restarts" in log_of(victim) or None)
        [after] = insist(victim, [thing("after")])
        assert after["status"] == "accepted"
        with reading(victim.folder) as store:
            assert [one for one in acknowledged if store.event("//stranger", one) is None] == []
            assert [one for one in acknowledged if store.round("stranger.strange", one) is None] == []
        assert victim.stop() == 0


@pytest.mark.slow
def test_a_limit_below_what_the_daemon_needs_is_refused_at_the_start(tmp_path: Path) -> None:
    victim = strange_street(tmp_path / "street", {"memory_mib_max": 16})
    with pytest.raises(AssertionError, match=r"memory_mib_max = 16 in civicloop\.toml is less than the"):
        victim.start()
