"""Figures for Prometheus (text format 0.0.4), all named ``gatehouse_…``.

Most are read from the running house when Prometheus asks; only requests are counted as they come.
"""

from collections.abc import Iterable
from time import perf_counter
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from admin_api.stream import CommitBell
from gateway.ports import BarrierState
from gateway.runtime.house import House
from gateway.storage.tables import alarms, journal_head

_BUCKETS: Final = (0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10)


class HouseCollector(Collector):
    """What the house says of itself now."""

    def __init__(self, house: House, bell: CommitBell) -> None:
        self._house = house
        self._bell = bell

    def collect(self) -> Iterable[Metric]:
        """One family after the other."""
        yield from self._lists()
        yield from self._devices()
        yield from self._controllers()
        yield from self._store()
        yield _gauge("gatehouse_event_streams", "Open event streams.", self._bell.listeners)

    def _lists(self) -> Iterable[Metric]:
        version = GaugeMetricFamily("gatehouse_list_version", "Version of a whitelist.", labels=["list"])
        entries = GaugeMetricFamily("gatehouse_list_entries", "Credentials on a whitelist.", labels=["list"])
        for name, whitelist in self._house.keeper.lists().items():
            version.add_metric([name], whitelist.version)
            entries.add_metric([name], len(whitelist))
        yield version
        yield entries

    def _devices(self) -> Iterable[Metric]:
        state = GaugeMetricFamily(
            "gatehouse_device_state", "1 for the state a device is in.", labels=["device", "state"]
        )
        for status in self._house.devices.statuses():
            state.add_metric([status.device, status.state.value], 1)
        yield state
        fault = GaugeMetricFamily("gatehouse_barrier_fault", "1 while a barrier reports a fault.", labels=["portal"])
        for portal, reading in self._house.portals.readings().items():
            fault.add_metric([portal], int(reading.state is BarrierState.FAULT))
        yield fault

    def _controllers(self) -> Iterable[Metric]:
        fleet = self._house.fleet
        if fleet is None:
            return
        yield _gauge("gatehouse_broker_online", "1 while the broker is reached.", int(fleet.broker_online()))
        online = GaugeMetricFamily("gatehouse_controller_online", "1 while it is connected.", labels=["controller"])
        held = GaugeMetricFamily(
            "gatehouse_controller_list_version", "Version a controller has in force.", labels=["controller", "list"]
        )
        for status in fleet.statuses():
            online.add_metric([status.controller], int(status.online))
            for name, whitelist in status.lists.items():
                held.add_metric([status.controller, name], whitelist.version)
        yield online
        yield held

    def _store(self) -> Iterable[Metric]:
        with self._house.store.read() as conn:
            seq = conn.execute(select(journal_head.c.seq)).scalar() or 0
            waiting = conn.execute(select(func.count()).where(alarms.c.acknowledged_at.is_(None))).scalar_one()
        yield _gauge("gatehouse_journal_records", "Records in the journal.", seq)
        yield _gauge("gatehouse_open_alarms", "Alarms nobody has acknowledged.", waiting)


def _gauge(name: str, words: str, value: float) -> Metric:
    return GaugeMetricFamily(name, words, value=value)


class Metrics:
    """The figures of one application: its own requests, its house, and whatever the process counts besides."""

    def __init__(self, house: House, bell: CommitBell) -> None:
        self._registry = CollectorRegistry()
        self._registry.register(HouseCollector(house, bell))
        self.requests = Counter(
            "gatehouse_http_requests", "Requests answered.", ["method", "status"], registry=self._registry
        )
        self.seconds = Histogram(
            "gatehouse_http_seconds", "Time to the head of the answer.", buckets=_BUCKETS, registry=self._registry
        )

    def render(self) -> bytes:
        """The text Prometheus reads."""
        return generate_latest(self._registry) + generate_latest(REGISTRY)


class Measured:
    """Counts requests and how long they took. Pure ASGI."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """An ASGI application."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()

        async def counted(message: Message) -> None:
            if message["type"] == "http.response.start":
                method = scope["method"] if scope["method"] in _METHODS else "other"
                self._metrics.requests.labels(method, str(message["status"])).inc()
                self._metrics.seconds.observe(perf_counter() - started)
            await send(message)

        await self._app(scope, receive, counted)


_METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"})
