"""Writes ``REVISION.sql``: a lived-in store of this version as text, for later versions to migrate.

Run once when a schema is released (``python -m pytest tests/stores/released/make.py``); the text is never changed
afterwards. It holds cases open, closed by hands, closed by a sensor and in their second round, memories with and
without a watchdog, notices in every state, quarantine, an unheard event, a token and a reading.
"""

from pathlib import Path

from civicloop.core.stores.base import Access, Token
from civicloop.core.stores.schema import REVISION
from civicloop.core.stores.sqlite import SqliteStore

from ...engine.stage import NOON, Full, Silent, Stage, answer, beat, fact, fill


def live(store: SqliteStore) -> None:
    stage = Stage(Full, Silent, store=store)
    stage.hear(fill(95, id="满 1"), fill(91, id="2", subject="B2"), beat(0, subject="B3"))
    stage.hear(fill(97, minute=3, id="3"), minute=3)
    stage.hear(answer("accept", "bins.full/B2", "cleaner", 5, "a1", person="张三", note="on my way"), minute=5)
    stage.hear(answer("report", "bins.full/B2", "cleaner", 8, "a2", person="张三", result="done"), minute=8)
    stage.hear(answer("verify", "bins.full/B2", "ops_center", 9, "a3", person="李四", result="pass"), minute=9)
    stage.hear(fill(90, minute=12, id="4", subject="B4"), minute=12)
    stage.hear(fill(5, minute=15, id="5", subject="B4"), minute=15)
    stage.hear(fill(96, minute=30, id="6", subject="B4"), minute=30)
    stage.hear(fill(96, minute=31, id="7", subject="nobody knows"), minute=31)
    stage.hear(beat(40, subject="B5"), fact("bin.unheard", "B5", 40, "u"), minute=40)
    stage.wait(65)
    now = stage.time.now
    owed = store.owed("console", now, 100)
    store.delivered([(owed[0].notice.key, "console")], now)
    store.retry_later(owed[1].notice.key, "console", now, "refused")
    store.give_up(owed[2].notice.key, "console", "no such number", now)
    store.add_token(Token("gate", "ab" * 32, ("ingest", "read"), "", (), "", "", NOON))
    store.record_access(Access(NOON, "operator", "bins.full/B2", "complaint"))


def test_write_the_dump() -> None:
    store = SqliteStore(None)
    live(store)
    target = Path(__file__).with_name(f"{REVISION}.sql")
    assert not target.exists(), f"{target.name} is released; what is released never changes"
    with store._reads.lock:
        target.write_text("\n".join(store._reads.raw.iterdump()) + "\n", encoding="utf-8")
    store.close()
