"""Start to ready with a hundred thousand credentials, and what each of them weighs in memory."""

import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

from tests.bench.crowd import CROWD, enrol_crowd
from tests.bench.measure import Row, judge_value
from tests.brokers import running_mosquitto
from tests.system.plant import Plant


def _resident_bytes(pid: int) -> int:
    lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


def _start(directory: Path, crowd: int) -> tuple[float, int]:
    """Seconds to ready, resident bytes once the lists are published."""
    with running_mosquitto(directory / "mosquitto", "hujingyuan", {}) as broker:
        plant = Plant(directory / "gateway", broker.settings())
        plant.seed()
        if crowd:
            enrol_crowd(plant, crowd)
        try:
            started = time.monotonic()
            plant.start()
            ready = time.monotonic() - started
            plant.online()
            if plant.process is None:
                raise AssertionError("the gateway is gone")
            return ready, _resident_bytes(plant.process.pid)
        finally:
            plant.close()


def rows() -> Iterator[Row]:
    """Beside a gateway with the demo's hundred cards."""
    with tempfile.TemporaryDirectory(dir="var") as folder:
        directory = Path(folder).resolve()
        few_s, few_bytes = _start(directory / "few", 0)
        many_s, many_bytes = _start(directory / "many", CROWD)
    yield judge_value(f"start to ready, {CROWD} credentials", many_s, few_s, unit="s", at_most=10)
    each = (many_bytes - few_bytes) / CROWD
    yield judge_value(
        "memory of the daemon a credential, on two lists", each, few_bytes / CROWD, unit="bytes", at_most=600
    )
