"""The numbers of a running daemon, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ..engine.engine import Engine
from ..running.courier import Courier
from ..running.retention import Sweeper
from ..running.runner import Runner
from .census import Census

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Numbers:
    """Reads the engine's own counts whenever somebody asks; nothing is counted twice."""

    def __init__(self, engine: Engine, runner: Runner, courier: Courier, sweeper: Sweeper) -> None:
        self._engine = engine
        self._runner = runner
        self._courier = courier
        self._sweeper = sweeper
        self._census = Census(engine.store.counts)

    async def read(self) -> list[Metric]:
        """Everything, as Prometheus metrics."""
        events = CounterMetricFamily("civicloop_events", "Events taken in, by what became of them", labels=["status"])
        decisions = CounterMetricFamily("civicloop_decisions", "Decisions and no-ops, by reason", labels=["reason"])
        for (kind, word), times in sorted(self._engine.counts.items()):
            (events if kind == "event" else decisions).add_metric([word], times)
        notices = CounterMetricFamily(
            "civicloop_notices", "Deliveries, by channel and result", labels=["channel", "result"]
        )
        for (channel, result), times in sorted(self._courier.counts.items()):
            notices.add_metric([channel, result], times)
        purges = CounterMetricFamily(
            "civicloop_purges", "Looks for what was kept long enough, by class of data", labels=["kind", "result"]
        )
        for (kind, result), times in sorted(self._sweeper.counts.items()):
            purges.add_metric([kind, result], times)
        stuck = GaugeMetricFamily(
            "civicloop_purges_stuck", "Classes of data that retention could not drop", value=len(self._sweeper.troubles)
        )
        queue = GaugeMetricFamily("civicloop_queue_events", "Events waiting for their turn", value=self._runner.waiting)
        return [events, decisions, notices, _stored(await self._census.read()), queue, purges, stuck]


def _stored(counted: Mapping[str, int]) -> Metric:
    """What the store holds; where that is much, it was counted a little earlier."""
    stored = GaugeMetricFamily("civicloop_stored", "What the store holds, by kind", labels=["kind"])
    for kind, number in sorted(counted.items()):
        stored.add_metric([kind], number)
    return stored


class _Read(Collector):
    """Metrics that have been read already, as the library asks for them."""

    def __init__(self, metrics: Iterable[Metric]) -> None:
        self._metrics = metrics

    def collect(self) -> Iterable[Metric]:
        return self._metrics


def render(metrics: Iterable[Metric]) -> bytes:
    """The text that ``/metrics`` answers."""
    registry = CollectorRegistry()
    registry.register(_Read(metrics))
    return generate_latest(registry)
