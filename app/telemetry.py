"""Figures for whoever watches the service, in Prometheus' format. No label ever holds a secret."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, generate_latest


class Metrics:
    """One set for a process, handed to whoever counts."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
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
        self.masked = Counter(
            "abeyance_masked_findings", "Findings masked in answers.", registry=self._registry
        )
        self.catalog_fault = Gauge(
            "abeyance_catalog_fault",
            "1 while the files of the catalog do not load and an older one is in force.",
            registry=self._registry,
        )

    def page(self) -> bytes:
        """Return all figures in the text format."""
        return generate_latest(self._registry)
