"""Keeping beside serving: retention, backup and verify while the daemon answers."""

import asyncio
import json
from datetime import timedelta
from pathlib import Path

from civicloop.core.engine.verifying import verify
from civicloop.core.stores.keeping import copying
from civicloop.core.stores.sqlite import SqliteStore

from .kit import BATCH, STREET, serving, write_street

NOISE = 60


def test_a_daemon_answers_while_old_events_go_and_a_backup_is_made(tmp_path: Path) -> None:
    toml = STREET + "[retention]\nevents_days = 30\nquarantine_days = 30\n"
    with serving(write_street(tmp_path / "street", toml)) as served:
        for _ in range(5):
            assert served.send(*(served.level(percent=20) for _ in range(200))).status == 202
        served.wait(timedelta(days=40))
        target = tmp_path / "backup.db"
        assert served.store.path is not None
        source = served.store.path

        def back_up() -> None:
            with copying(source, target):
                pass

        async def keep() -> None:
            await asyncio.gather(served.daemon.sweeper.sweep_once(), asyncio.to_thread(back_up))

        async def load() -> list[int]:
            kept = asyncio.create_task(keep())
            statuses = []
            for _ in range(NOISE):
                body = json.dumps([served.level(percent=20)]).encode()
                statuses.append((await served.fetch("POST", "/events", "", BATCH, data=body)).status)
            await kept
            return statuses

        assert served.run(load()) == [202] * NOISE
        assert served.daemon.sweeper.troubles == {}
        assert served.store.counts()["events"] == NOISE
        [gone] = [one for one in served.store.purges(100) if one.kind == "events"]
        assert gone.rows == 1000
        assert list(verify(served.store)) == []
    copy = SqliteStore(target)
    assert 0 < copy.counts()["events"] <= 1000 + NOISE
    assert list(verify(copy)) == []
    copy.close()


def test_what_retention_cannot_drop_is_told_at_every_door_and_keeps_no_event_out(tmp_path: Path) -> None:
    toml = STREET + "[retention]\nevents_days = 30\nquarantine_days = 30\n"
    with serving(write_street(tmp_path / "street", toml)) as served:
        for _ in range(2):
            served.send(served.level(percent=20))
        assert served.get("/readyz").json == {"status": "ready", "warnings": []}
        served.wait(timedelta(days=40))
        raw = served.store._writes.raw
        raw.execute("CREATE TRIGGER stuck BEFORE DELETE ON turn BEGIN SELECT RAISE(ABORT, ''); END")
        served.run(served.daemon.sweeper.sweep_once())
        assert served.store.counts()["events"] == 0, "the other classes of data went"
        ready = served.get("/readyz")
        assert (ready.status, ready.json["status"]) == (200, "ready")
        [said] = ready.json["warnings"]
        assert said.startswith("retention of turns: ")
        numbers = served.get("/metrics").body.decode()
        assert 'civicloop_purges_total{kind="turns",result="failed"} 1.0' in numbers
        assert "civicloop_purges_stuck 1.0" in numbers
        [told] = [one.notice for one in served.store.owed("null", served.clock.now(), 100)]
        assert (told.message, told.party) == ("purge_failed", "ops_center")
        assert served.send(served.level(percent=20)).status == 202

        raw.execute("DROP TRIGGER stuck")
        served.run(served.daemon.sweeper.sweep_once())
        assert served.get("/readyz").json["warnings"] == []
        assert "civicloop_purges_stuck 0.0" in served.get("/metrics").body.decode()


def test_a_reload_takes_up_other_days(tmp_path: Path) -> None:
    folder = write_street(tmp_path / "street", STREET + "[retention]\nevents_days = 100\nquarantine_days = 100\n")
    with serving(folder) as served:
        served.send(served.level(percent=20))
        served.wait(timedelta(days=40))
        served.run(served.daemon.sweeper.sweep_once())
        assert served.store.counts()["events"] == 1
        write_street(folder, STREET + "[retention]\nevents_days = 30\nquarantine_days = 30\n")
        served.run(served.daemon.reload())
        served.run(served.daemon.sweeper.sweep_once())
        assert served.store.counts()["events"] == 0
