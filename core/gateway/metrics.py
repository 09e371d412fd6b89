"""The numbers of a running daemon, for Prometheus."""

from __future__ import annotations

from collections.abc import Iterable

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from ..engine.courier import Courier
from ..engine.engine import Engine
from ..engine.runner import Runner

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class Numbers(Collector):
    """Reads the engine's own counts whenever somebody asks; nothing is counted twice."""

    def __init__(self, engine: Engine, runner: Runner, courier: Courier) -> None:
        self._engine = engine
        self._runner = runner
        self._courier = courier

    def collect(self) -> Iterable[Metric]:
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
        stored = GaugeMetricFamily("civicloop_stored", "What the store holds, by kind", labels=["kind"])
        for kind, number in sorted(self._engine.store.counts().items()):
            stored.add_metric([kind], number)
        queue = GaugeMetricFamily("civicloop_queue_events", "Events waiting for their turn", value=self._runner.waiting)
        return [events, decisions, notices, stored, queue]


def render(numbers: Numbers) -> bytes:
    """The text that ``/metrics`` answers."""
    registry = CollectorRegistry()
    registry.register(numbers)
    return generate_latest(registry)
