"""Figures for whoever watches the service, in Prometheus' format. No label ever holds a secret."""

from __future__ import annotations

from typing import TYPE_CHECKING

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, InfoMetricFamily
from prometheus_client.registry import Collector

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from prometheus_client import Metric


_WAITING_SECONDS = (1, 10, 30, 60, 180, 600, 1800, 3600)


class Metrics:
    """One set for a process, handed to whoever counts.

    `catalog` gives the revision in force, and whether the files by now do not load.
    """

    def __init__(self, catalog: Callable[[], tuple[str, bool]]) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(_CatalogFigures(catalog))
        self.requests = Counter(
            "abeyance_requests",
            "Requests by how they went.",
            ["connection", "decision"],
            registry=self._registry,
        )
        self.waiting = Gauge(
            "abeyance_waiting_requests",
            "Held requests whose callers wait right now.",
            registry=self._registry,
        )
        self.tool_calls = Counter(
            "abeyance_tool_calls",
            "Tool calls in answers that a rule looked at, and those over MCP, by how they went.",
            ["connection", "decision"],
            registry=self._registry,
        )
        self.tool_calls_waited = Histogram(
            "abeyance_tool_call_waiting_seconds",
            "How long tool calls were held, by how they went.",
            ["decision"],
            buckets=_WAITING_SECONDS,
            registry=self._registry,
        )
        self.evaluations = Counter(
            "abeyance_evaluations",
            "Questions of agents' hooks, by how they were answered.",
            ["tool", "event", "decision"],
            registry=self._registry,
        )
        self.masked = Counter(
            "abeyance_masked_findings", "Findings masked in answers.", registry=self._registry
        )

    def page(self) -> bytes:
        """Return all figures in the text format."""
        return generate_latest(self._registry)


class _CatalogFigures(Collector):
    def __init__(self, catalog: Callable[[], tuple[str, bool]]) -> None:
        self._catalog = catalog

    def collect(self) -> Iterator[Metric]:
        revision, fault = self._catalog()
        yield InfoMetricFamily("abeyance_catalog", "The catalog in force.", {"revision": revision})
        yield GaugeMetricFamily(
            "abeyance_catalog_fault",
            "1 while the files of the catalog do not load and an older one is in force.",
            fault,
        )
