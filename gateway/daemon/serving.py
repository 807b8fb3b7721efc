"""Runs a gateway: HTTP and gates on one event loop, from the first line to an orderly end."""

import asyncio
import contextlib
import gc
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator
from typing import Final

import structlog
import uvicorn
import uvloop

from admin_api.app import create_app
from gateway.daemon import logs
from gateway.daemon.bootstrap import Gateway, build
from gateway.daemon.config import Config, ConfigError
from gateway.daemon.lock import DataLock
from gateway.daemon.opening import first_sign_in, open_store
from gateway.runtime.clock import SteadyClock
from gateway.storage.store import Store

# How long a thread may keep the interpreter while a card waits; Python's own 5 ms is felt at the gate.
SWITCH_INTERVAL_S: Final = 0.0005
SHUTDOWN_S: Final = 3

log = structlog.get_logger(__name__)


class _Server(uvicorn.Server):
    """Leaves signals to us."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Captures none."""
        yield


def run(config: Config, announce: Callable[[str], None]) -> None:
    """Serves until SIGTERM or SIGINT. ``announce`` is told what a person must see, such as the first sign-in link."""
    listener = logs.set_up(config.log.format, config.log.level)
    lock = DataLock(config.data)
    try:
        sys.setswitchinterval(SWITCH_INTERVAL_S)
        uvloop.run(_serve(config, announce))
    finally:
        lock.release()
        listener.stop()


async def _serve(config: Config, announce: Callable[[str], None]) -> None:
    clock = SteadyClock()
    store = open_store(config, clock)
    try:
        await _serve_store(config, store, clock, announce)
    finally:
        store.close()


async def _serve_store(config: Config, store: Store, clock: SteadyClock, announce: Callable[[str], None]) -> None:
    loop, stop = asyncio.get_running_loop(), asyncio.Event()

    def lost(why: str) -> None:
        log.error("lease_lost", why=why)
        loop.call_soon_threadsafe(stop.set)

    door = _listen(config)
    gateway = build(config, store, clock, lost)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    link = first_sign_in(store, config.http.url)
    if link is not None:
        announce(f"Sign in once, within ten minutes: {link}")
    # The lists stay as they are: no collection walks through a hundred thousand credentials while a card waits.
    gc.collect()
    gc.freeze()
    gateway.start()
    try:
        await _serve_http(config, gateway, door, stop)
    finally:
        log.info("stopping")
        await gateway.stop()
        gateway.lease.release()


def _listen(config: Config) -> socket.socket:
    """Bound before anything else happens, so that a taken port costs nothing."""
    try:
        return socket.create_server((config.http.host, config.http.port), backlog=512)
    except OSError as error:
        raise ConfigError(
            "http.port: %(host)s:%(port)s cannot be used: %(why)s.",
            host=config.http.host,
            port=config.http.port,
            why=os.strerror(error.errno or 0),
        ) from error


async def _serve_http(config: Config, gateway: Gateway, door: socket.socket, stop: asyncio.Event) -> None:
    settings = uvicorn.Config(
        create_app(gateway.house, config.http.names),
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=SHUTDOWN_S,
    )
    server = _Server(settings)
    serving = asyncio.create_task(server.serve(sockets=[door]))
    log.info("serving", url=config.http.url)
    stopping = asyncio.create_task(stop.wait())
    await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
    gateway.hub.close()
    server.should_exit = True
    stopping.cancel()
    await serving
