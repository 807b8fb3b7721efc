"""Looks at everything a configuration names, and changes nothing."""

import os
import shutil
import socket
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.daemon.config import Config
from gateway.domain.errors import GatehouseError
from gateway.storage.store import Store

ROOM_BYTES: Final = 256 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at."""

    what: str
    good: bool
    said: str


def examine(config: Config) -> list[Finding]:
    """All findings; a gateway may be running."""
    return [*_data(config.data), _store(config), *_keys(config), *_broker(config), *_devices(config)]


def _data(data: Path) -> Iterator[Finding]:
    there = data if data.exists() else data.parent
    yield Finding(
        "data", os.access(there, os.W_OK), f"{data} {'is' if os.access(there, os.W_OK) else 'is not'} writable"
    )
    if there.exists():
        free = shutil.disk_usage(there).free
        yield Finding("disk", free >= ROOM_BYTES, f"{free // 1024 // 1024} MiB free")


def _store(config: Config) -> Finding:
    path = config.store.url.removeprefix("sqlite:///")
    if path != config.store.url and not Path(path).exists():
        return Finding("store", True, f"{path} will be made at the first start")
    try:
        store = Store(config.store.url)
        try:
            with store.read() as conn:
                conn.exec_driver_sql("SELECT 1")
        finally:
            store.close()
    except GatehouseError as error:
        return Finding("store", False, str(error))
    return Finding("store", True, "answers")


def _keys(config: Config) -> Iterator[Finding]:
    file = config.keys.file
    if file is not None and file.exists():
        private = not file.stat().st_mode & 0o077
        yield Finding("keys.file", private, "is private" if private else f"others may read {file}; run chmod 600 on it")


def _broker(config: Config) -> Iterator[Finding]:
    if config.mqtt is None:
        return
    where = f"{config.mqtt.host}:{config.mqtt.port}"
    try:
        config.mqtt.secret()
        socket.create_connection((config.mqtt.host, config.mqtt.port), timeout=3).close()
    except (OSError, GatehouseError) as error:
        yield Finding("mqtt", False, f"{where}: {error}")
    else:
        yield Finding("mqtt", True, f"{where} can be reached")


def _devices(config: Config) -> Iterator[Finding]:
    for device in config.devices:
        link = str((device.model_extra or {}).get("link", ""))
        if link.startswith("/"):
            yield Finding(
                f"device {device.name}",
                Path(link).exists(),
                f"{link} {'is there' if Path(link).exists() else 'is not there'}",
            )
