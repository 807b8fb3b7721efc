"""The configuration: one TOML file, and ``GATEHOUSE_…`` in the environment above it.

Secrets come from files of their own or from the environment; a file that holds one and that others may
read is refused. ``GATEHOUSE_MQTT__PASSWORD`` is the key ``password`` of the table ``[mqtt]``.
"""

import stat
import tomllib
from collections.abc import Mapping
from pathlib import Path
from socket import gethostname
from typing import Annotated, Any, Final, Literal, get_args
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr, StringConstraints, ValidationError
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource, SettingsConfigDict

from gateway.daemon.card_settings import CardsTable
from gateway.daemon.key_settings import KeysTable
from gateway.domain.errors import GatehouseError

_OTHERS: Final = stat.S_IRWXG | stat.S_IRWXO
_PLACES: Final = ("portal", "post", "desk")
# Settings of devices whose values are secret, such as the key of an OSDP reader.
_SECRETS: Final = frozenset({"password", "scbk", "key", "token"})

Slug = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
Port = Annotated[int, Field(ge=1, le=65535)]


def _web_address(value: str) -> str:
    try:
        told = urlsplit(value).hostname is not None
    except ValueError:
        told = False
    if not told:
        raise ValueError("is no address such as https://gate.example")
    return value


class ConfigError(GatehouseError):
    """The configuration cannot be used; the sentence names the key and what is allowed."""


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class SiteTable(_Table):
    """``[site]``: what the site is called; read only when the store has none yet."""

    slug: Slug
    number: Annotated[int, Field(ge=1, le=65535)] = 1
    name: str
    timezone: str = "Asia/Shanghai"


class StoreTable(_Table):
    """``[store]``: ``sqlite:////path/to/file`` or ``postgresql://user@host/database``."""

    url: str


class HttpTable(_Table):
    """``[http]``: where pages and API are served; ``public_url`` is what people type, when a proxy stands before it.

    ``hosts``: further names under which browsers reach it; under a name nobody told it nothing is answered.
    """

    host: str = "127.0.0.1"
    port: Port = 8080
    public_url: Annotated[str, AfterValidator(_web_address)] | None = None
    hosts: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        """All names of this gateway: of loopback, of the machine, of the configuration. Addresses need none."""
        machine = gethostname().lower()
        short = machine.partition(".")[0]
        public = urlsplit(self.url).hostname or "localhost"
        return frozenset({"localhost", machine, short, f"{short}.local", self.host, public, *self.hosts})

    @property
    def url(self) -> str:
        """Without a slash at the end."""
        return (self.public_url or f"http://{self.host}:{self.port}").rstrip("/")


class MqttTable(_Table):
    """``[mqtt]``: the broker. ``version`` 3 keeps to MQTT 3.1.1. TLS as soon as there is a ``ca_file``.

    ``controllers_host`` and ``controllers_port`` are the broker's address as controllers reach it.
    ``mosquitto_directory`` holds the files of a mosquitto on this machine in which enrolling makes accounts; without
    it, whoever runs the broker makes them.
    """

    host: str
    port: Port = 8883
    username: str | None = None
    password: SecretStr | None = None
    password_file: Path | None = None
    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    version: Literal[3, 5] = 5
    controllers_host: str | None = None
    controllers_port: Port | None = None
    mosquitto_directory: Path | None = None

    def secret(self) -> str | None:
        """The password, from the environment, the table or its own file. Raises ConfigError."""
        if self.password_file is None:
            return self.password.get_secret_value() if self.password else None
        return read_private(self.password_file, "mqtt.password_file").strip()


class LogTable(_Table):
    """``[log]``: on standard error."""

    format: Literal["console", "json"] = "json"
    level: Literal["debug", "info", "warning", "error"] = "info"


class DeviceTable(BaseModel):
    """``[[devices]]``: a driver's ``kind``, a stable ``name``, where it stands, and the driver's own settings."""

    model_config = ConfigDict(extra="allow", frozen=True)

    kind: str
    name: Slug
    portal: Slug | None = None
    post: Slug | None = None
    desk: Slug | None = None

    @property
    def is_barrier(self) -> bool:
        """Whether it moves; everything else at a portal reads."""
        return self.kind.endswith("barrier")

    def settings(self) -> dict[str, Any]:
        """For the driver: all but where things stand."""
        table = self.model_dump(exclude_none=True)
        return {name: _without_place(value) for name, value in table.items() if name not in _PLACES}

    def places(self, place: str) -> dict[str, str]:
        """Where the device stands, or each part of it (a reader of a line) that says so itself: name to place."""
        found = {self.name: getattr(self, place)} if getattr(self, place) else {}
        for part in self._parts():
            if part.get(place):
                found[str(part.get("name"))] = str(part[place])
        return found

    def _parts(self) -> list[Mapping[str, Any]]:
        lists = [value for value in (self.model_extra or {}).values() if isinstance(value, list)]
        return [part for parts in lists for part in parts if isinstance(part, Mapping)]

    def has_secret(self) -> bool:
        """Whether the table holds a key itself."""
        return any(not _SECRETS.isdisjoint(table) for table in (self.model_extra or {}, *self._parts()))


def _without_place(value: Any) -> Any:
    if isinstance(value, list):
        return [_without_place(item) for item in value]
    if isinstance(value, Mapping):
        return {name: item for name, item in value.items() if name not in _PLACES}
    return value


class Config(BaseSettings):
    """Everything the daemon is told from outside. ``data`` holds the emergency file and the lock."""

    model_config = SettingsConfigDict(
        extra="forbid", frozen=True, env_prefix="GATEHOUSE_", env_nested_delimiter="__", env_ignore_empty=True
    )

    data: Path
    store: StoreTable
    keys: KeysTable = KeysTable()
    http: HttpTable = HttpTable()
    mqtt: MqttTable | None = None
    log: LogTable = LogTable()
    cards: CardsTable = CardsTable()
    site: SiteTable | None = None
    devices: tuple[DeviceTable, ...] = ()

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],  # noqa: ARG003 - the library's signature
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
        file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - the library's signature
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """The environment goes above the file."""
        return env_settings, init_settings

    def placed(self, place: str) -> dict[str, str]:
        """Every device or part of one that stands at a ``portal``, ``post`` or ``desk``."""
        return {name: where for device in self.devices for name, where in device.places(place).items()}


def load(file: Path) -> Config:
    """The checked configuration; relative paths count from the file's directory. Raises ConfigError."""
    table = _read(file)
    try:
        config = Config(**table)
    except ValidationError as error:
        raise _said(file, error) from error
    _refuse_open_secrets(file, config, table)
    _refuse_twins(file, config)
    return _anchored(config, file.resolve().parent)


def _read(file: Path) -> dict[str, Any]:
    try:
        return tomllib.loads(file.read_text("utf-8"))
    except OSError as error:
        raise ConfigError("%(file)s cannot be read: %(why)s.", file=str(file), why=error.strerror) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise ConfigError("%(file)s is not TOML: %(why)s.", file=str(file), why=error) from error


def _said(file: Path, error: ValidationError) -> ConfigError:
    """All that is wrong, one line a key."""
    lines = [f"  {_key(problem['loc'])}: {_allowed(problem)}" for problem in error.errors()]
    return ConfigError("%(file)s cannot be used:\n%(problems)s", file=str(file), problems="\n".join(lines))


def _key(path: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path).lstrip(".")


def _allowed(problem: Mapping[str, Any]) -> str:
    if problem["type"] == "extra_forbidden":
        table = _table_at(problem["loc"][:-1])
        return f"there is no such key here; allowed are {', '.join(table.model_fields)}"
    if problem["type"] == "missing":
        return "is missing"
    given = problem.get("input")
    shown = f" (it says {given!r})" if isinstance(given, str | int | float) else ""
    return f"{problem['msg'][:1].lower()}{problem['msg'][1:]}{shown}"


def _table_at(path: tuple[int | str, ...]) -> type[BaseModel]:
    """The table that a path into the configuration leads to."""
    table: type[BaseModel] = Config
    for part in path:
        field = table.model_fields.get(str(part))
        kinds = () if field is None else get_args(field.annotation) or (field.annotation,)
        table = next((kind for kind in kinds if isinstance(kind, type) and issubclass(kind, BaseModel)), table)
    return table


def _refuse_open_secrets(file: Path, config: Config, table: Mapping[str, Any]) -> None:
    holds = "password" in table.get("mqtt", {}) or any(device.has_secret() for device in config.devices)
    if holds and file.stat().st_mode & _OTHERS:
        raise ConfigError("%(file)s holds a secret and others may read it; run chmod 600 on it.", file=str(file))


def _refuse_twins(file: Path, config: Config) -> None:
    names = [device.name for device in config.devices]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise ConfigError("%(file)s names two devices %(name)s; names are unique.", file=str(file), name=twice[0])


def read_private(path: Path, key: str) -> str:
    """A file only its owner may read. Raises ConfigError naming the configuration's key."""
    try:
        if path.stat().st_mode & _OTHERS:
            raise ConfigError("%(key)s: others may read %(path)s; run chmod 600 on it.", key=key, path=str(path))
        return path.read_text("utf-8")
    except OSError as error:
        raise ConfigError("%(key)s: %(path)s: %(why)s.", key=key, path=str(path), why=error.strerror) from error


def _anchored(config: Config, base: Path) -> Config:
    """Relative paths made absolute."""
    changes: dict[str, Any] = {"data": base / config.data, "keys": config.keys.anchored(base)}
    if config.mqtt is not None:
        files = ("password_file", "ca_file", "cert_file", "key_file", "mosquitto_directory")
        changes["mqtt"] = config.mqtt.model_copy(update={f: _under(base, getattr(config.mqtt, f)) for f in files})
    if config.store.url.startswith("sqlite:///") and not config.store.url.startswith("sqlite:////"):
        path = base / config.store.url.removeprefix("sqlite:///")
        changes["store"] = StoreTable(url=f"sqlite:///{path}")
    return config.model_copy(update=changes)


def _under(base: Path, path: Path | None) -> Path | None:
    return None if path is None else base / path
