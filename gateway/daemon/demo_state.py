"""What the demo keeps in its directory: ports, a seeded site, and the files its processes read.

``compound.json`` is what the simulators read::

    {v: 1, site, gateway: {url, token}, bench: {host, port}, traffic,
     osdp: {link, baud, readers: [{name, portal, address, scbk}]},      # link: the pty to make, a path
     barriers: [{name, portal, link, unit, baud}],
     scanners: [{name, post, link}],
     encoder: {name, host, port},                                       # virtual cards connect there as vpcd clients
     cards: {reader_keys, box},                                         # a file (demo_cards.py), a directory
     controllers: [{id, provisioning, state}]}                          # a file, and a directory for its memory

``demo.json`` is what people and tests read: {url, bench_url, token, mqtt: {host, port, username, password},
site, lists, pids: {gateway, broker, simulators}}.
"""

import fcntl
import json
import secrets
import shutil
import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import IO, Any, Final, Self

from gateway.daemon.commands import write_private
from gateway.domain.errors import GatehouseError
from gateway.domain.person import Role

HOST: Final = "127.0.0.1"
MARK: Final = ".gatehouse-demo"
READER_KEYS: Final = "reader-keys.json"
CONTROLLERS: Final = ("gate-1", "gate-2", "gate-3")
DEFAULT_PORT: Final = 8080
HIGHEST_PORT: Final = 65535
# All the demo ever makes in its directory: --fresh removes these and nothing else.
MADE: Final = (
    "gatehouse.toml",
    "gatehouse.db",
    "gatehouse.db-wal",
    "gatehouse.db-shm",
    "gatehouse.lock",
    "emergency-journal",
    "high-water.json",
    "keyring.key",
    "demo-state.json",
    "demo.json",
    "compound.json",
    READER_KEYS,
    "bench-cards.json",
    "bench-cards",
    "controllers",
    "dev",
    "log",
)


class DemoError(GatehouseError):
    """The demo cannot start or go on."""


@dataclass(frozen=True, slots=True)
class State:
    """What survives a restart: ports on loopback, and secrets of the simulated hardware."""

    http: int
    bench: int
    mqtt: int
    mqtt5: int
    encoder: int
    scbk: str
    token: str = ""
    mqtt_password: str = ""

    @classmethod
    def load(cls, data: Path) -> Self | None:
        """As saved, or None at the first start."""
        file = data / "demo-state.json"
        return cls(**json.loads(file.read_text("utf-8"))) if file.exists() else None

    def save(self, data: Path) -> None:
        """Readable by the owner alone."""
        write_private(data / "demo-state.json", json.dumps(asdict(self), indent=2))

    @property
    def url(self) -> str:
        """Where the pages are."""
        return f"http://{HOST}:{self.http}"

    @property
    def bench_url(self) -> str:
        """Where the simulated hardware is handled."""
        return f"http://{HOST}:{self.bench}"


@contextmanager
def claimed(data: Path) -> Iterator[None]:
    """The demo's own directory, for one demo at a time; the kernel lets go when the process dies.

    Raises DemoError for a directory with somebody else's files in it, or when another demo runs there.
    """
    with _mark(data) as mark:
        try:
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise DemoError(
                "A demo already runs in %(data)s; end it there, or name another directory with --data.", data=str(data)
            ) from error
        yield


def _mark(data: Path) -> IO[str]:
    try:
        if data.exists() and any(data.iterdir()) and not (data / MARK).exists():
            raise DemoError(
                "%(data)s is not empty and was not made by the demo; name another with --data.", data=str(data)
            )
        data.mkdir(mode=0o700, parents=True, exist_ok=True)
        return (data / MARK).open("a")
    except OSError as error:
        raise DemoError(
            "%(data)s cannot hold the demo (%(why)s); name another directory with --data.",
            data=str(data),
            why=error.strerror,
        ) from error


def is_free(port: int) -> bool:
    """Whether nobody listens on this loopback port."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError:
            return False
    return True


def free_ports(count: int) -> list[int]:
    """Distinct free ports."""
    probes = [socket.create_server((HOST, 0)) for _ in range(count)]
    ports = [probe.getsockname()[1] for probe in probes]
    for probe in probes:
        probe.close()
    return ports


def remove_made(data: Path) -> None:
    """Forgets what an earlier demo made in its claimed directory."""
    for name in MADE:
        path = data / name
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)


def prepare(data: Path, port: int | None) -> State:
    """The state of this start: the saved one, or a new one with a seeded site; in a claimed directory."""
    known = State.load(data)
    if known is not None:
        chosen = known if port is None else replace(known, http=port)
        _check_ports(chosen)
        chosen.save(data)
        return chosen
    return _first(data, port)


def _check_ports(state: State) -> None:
    for what, port in (
        ("pages", state.http),
        ("bench", state.bench),
        ("broker", state.mqtt),
        ("encoder", state.encoder),
    ):
        if not is_free(port):
            raise DemoError(
                "Port %(port)s, which this demo uses for its %(what)s, is taken: end what listens there (an earlier "
                "demo?), or start with --data and another directory.",
                port=port,
                what=what,
            )


def _first(data: Path, port: int | None) -> State:
    if port is not None and not is_free(port):
        raise DemoError("Port %(port)s is taken; name another with --port.", port=port)
    for directory in ("controllers", "dev", "log"):
        (data / directory).mkdir(mode=0o700, parents=True, exist_ok=True)
    spare, mqtt, mqtt5, encoder = free_ports(4)
    http = port or (DEFAULT_PORT if is_free(DEFAULT_PORT) else spare)
    bench = http + 1 if http < HIGHEST_PORT and is_free(http + 1) else free_ports(1)[0]
    state = State(http, bench, mqtt, mqtt5, encoder, secrets.token_hex(16), mqtt_password=secrets.token_urlsafe(12))
    write_config(data, state)
    state = replace(state, token=_seed(data, state))
    state.save(data)
    return state


def _seed(data: Path, state: State) -> str:
    """Fills the store; an API token with the role admin."""
    from gateway.daemon.config import load  # noqa: PLC0415 - only the first start pays for the store
    from gateway.daemon.key_source import open_keyring  # noqa: PLC0415 - as above
    from gateway.daemon.opening import opened  # noqa: PLC0415 - as above
    from gateway.runtime.house import BrokerAddress  # noqa: PLC0415 - as above
    from gateway.services import accounts, seed, site  # noqa: PLC0415 - as above
    from gateway.storage.store import SYSTEM  # noqa: PLC0415 - as above

    config = load(data / "gatehouse.toml")
    ring = open_keyring(config)
    with opened(config) as store, store.write(SYSTEM) as uow:
        seed.seed_compound(uow, ring)
        for name in CONTROLLERS:
            address = BrokerAddress(HOST, state.mqtt)
            parts = site.enrol_controller(uow, ring, name, address, lambda who: (who, secrets.token_urlsafe(12)))
            write_private(data / "controllers" / f"{name}.json", json.dumps(parts, indent=2))
        _number, token = accounts.create_token(uow, name="demo", roles={Role.ADMIN}, days=365)
    return token


def sign_in_link(data: Path) -> str | None:
    """A fresh one-time link for the administrator."""
    from gateway.daemon.config import load  # noqa: PLC0415 - see _seed
    from gateway.daemon.opening import opened, sign_in_link  # noqa: PLC0415 - see _seed

    config = load(data / "gatehouse.toml")
    with opened(config) as store:
        return sign_in_link(store, "admin", config.http.url)


def write_config(data: Path, state: State) -> None:
    """The gateway's configuration."""
    dev = data.resolve() / "dev"
    write_private(
        data / "gatehouse.toml",
        f"""\
# Written by `gatehouse demo`; written again at each start.
data = "."

[store]
url = "sqlite:///gatehouse.db"

[http]
host = "{HOST}"
port = {state.http}

[mqtt]
host = "{HOST}"
port = {state.mqtt5}
username = "gateway"
password = "{state.mqtt_password}"
controllers_port = {state.mqtt}

[log]
format = "console"

[[devices]]
kind = "osdp-line"
name = "main-line"
link = "{dev}/main-line"
baud = 115200

[[devices.readers]]
name = "main-in-reader"
address = 0
scbk = "{state.scbk}"
portal = "main-in"
presents = "secure"

[[devices]]
kind = "modbus-barrier"
name = "main-in-barrier"
link = "{dev}/main-in-barrier"
portal = "main-in"

[[devices]]
kind = "line-scanner"
name = "north-scanner"
link = "{dev}/north-scanner"
post = "north"

[[devices]]
kind = "vpcd-encoder"
name = "front-encoder"
port = {state.encoder}
desk = "front"
""",
    )


def write_compound(data: Path, state: State, *, traffic: bool) -> None:
    """What the simulators play."""
    dev, controllers = data.resolve() / "dev", data.resolve() / "controllers"
    reader = {"name": "main-in-reader", "portal": "main-in", "address": 0, "scbk": state.scbk}
    barrier = {"name": "main-in-barrier", "portal": "main-in", "unit": 1, "baud": 9600}
    compound: dict[str, Any] = {
        "v": 1,
        "site": "hujingyuan",
        "gateway": {"url": state.url, "token": state.token},
        "bench": {"host": HOST, "port": state.bench},
        "traffic": traffic,
        "osdp": {"link": f"{dev}/main-line", "baud": 115200, "readers": [reader]},
        "barriers": [{**barrier, "link": f"{dev}/main-in-barrier"}],
        "scanners": [{"name": "north-scanner", "post": "north", "link": f"{dev}/north-scanner"}],
        "encoder": {"name": "front-encoder", "host": HOST, "port": state.encoder},
        "cards": {"reader_keys": str(data.resolve() / READER_KEYS), "box": str(data.resolve() / "bench-cards")},
        "controllers": [
            {"id": name, "provisioning": f"{controllers}/{name}.json", "state": f"{controllers}/{name}"}
            for name in CONTROLLERS
        ],
    }
    write_private(data / "compound.json", json.dumps(compound, indent=2))


def write_demo(data: Path, state: State, pids: dict[str, int], lists: Iterable[str]) -> None:
    """What people and tests need to know of the running demo."""
    mqtt = {"host": HOST, "port": state.mqtt, "username": "gateway", "password": state.mqtt_password}
    known = {"url": state.url, "bench_url": state.bench_url, "token": state.token, "mqtt": mqtt}
    write_private(
        data / "demo.json", json.dumps({**known, "site": "hujingyuan", "lists": sorted(lists), "pids": pids}, indent=2)
    )
