"""The configuration is taken whole or refused with the key and what is allowed."""

import stat
from pathlib import Path

import pytest

from gateway.daemon.config import ConfigError, load

WHOLE = """
data = "state"
[site]
slug = "lake"
name = "湖景苑"
[store]
url = "sqlite:///gatehouse.db"
[http]
port = 9000
[mqtt]
host = "broker"
password_file = "broker.secret"
[[devices]]
kind = "osdp-line"
name = "line"
link = "/dev/ttyUSB0"
[[devices.readers]]
name = "in"
address = 0
scbk = "00112233445566778899aabbccddeeff"
portal = "main-in"
[[devices]]
kind = "modbus-barrier"
name = "arm"
link = "/dev/ttyUSB1"
portal = "main-in"
[[devices]]
kind = "line-scanner"
name = "scan"
post = "north"
"""
LEAST = 'data = "."\n[store]\nurl = "sqlite:///g.db"\n'


def _write(tmp_path: Path, text: str) -> Path:
    file = tmp_path / "gatehouse.toml"
    file.write_text(text, "utf-8")
    file.chmod(0o600)
    return file


def test_everything(tmp_path: Path) -> None:
    """Paths count from the file, and each part knows where it stands."""
    config = load(_write(tmp_path, WHOLE))
    assert config.data == tmp_path / "state"
    assert config.store.url == f"sqlite:///{tmp_path}/gatehouse.db"
    assert config.mqtt is not None
    assert config.mqtt.password_file == tmp_path / "broker.secret"
    assert config.placed("portal") == {"in": "main-in", "arm": "main-in"}
    assert config.placed("post") == {"scan": "north"}
    assert [device.is_barrier for device in config.devices] == [False, True, False]


def test_drivers_get_their_own_settings(tmp_path: Path) -> None:
    """Without where things stand: a driver does not know portals."""
    line = load(_write(tmp_path, WHOLE)).devices[0].settings()
    reader = {"name": "in", "address": 0, "scbk": "00112233445566778899aabbccddeeff"}
    assert line == {"kind": "osdp-line", "name": "line", "link": "/dev/ttyUSB0", "readers": [reader]}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (
            LEAST + "[http]\nprot = 1\n",
            "http.prot: there is no such key here; allowed are host, port, public_url, hosts",
        ),
        (LEAST + "[http]\npublic_url = 'gate'\n", "is no address such as https://gate.example (it says 'gate')"),
        (LEAST + "[http]\npublic_url = 'https://[gate'\n", "is no address such as https://gate.example"),
        (LEAST + "colour = 1\n", "store.colour: there is no such key here; allowed are url"),
        ("[store]\nurl = 'x'\n", "data: is missing"),
        (LEAST + "[http]\nport = 70000\n", "http.port: input should be less than or equal to 65535 (it says 70000)"),
        (LEAST + "[log]\nformat = 'xml'\n", "log.format: input should be 'console' or 'json' (it says 'xml')"),
        (LEAST + "[[devices]]\nkind = 'osdp-line'\n", "devices[0].name: is missing"),
        (LEAST + "[[devices]]\nkind='a'\nname='x'\n[[devices]]\nkind='b'\nname='x'\n", "two devices x"),
        (LEAST + "[http\n", "is not TOML"),
    ],
)
def test_says_what_is_wrong(tmp_path: Path, text: str, said: str) -> None:
    """The key, what is allowed, and what stands there."""
    with pytest.raises(ConfigError) as caught:
        load(_write(tmp_path, text))
    assert said in str(caught.value)


def test_all_errors_at_once(tmp_path: Path) -> None:
    """Nobody likes to start three times."""
    with pytest.raises(ConfigError) as caught:
        load(_write(tmp_path, "[http]\nport = 0\n[log]\nlevel = 'loud'\n"))
    assert [line.split(":")[0].strip() for line in str(caught.value).splitlines()[1:]] == [
        "data",
        "store",
        "http.port",
        "log.level",
    ]


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """Is named."""
    with pytest.raises(ConfigError, match=r"nowhere\.toml cannot be read"):
        load(tmp_path / "nowhere.toml")


def test_the_environment_goes_above_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For secrets and for containers."""
    monkeypatch.setenv("GATEHOUSE_HTTP__PORT", "9100")
    monkeypatch.setenv("GATEHOUSE_MQTT__HOST", "elsewhere")
    monkeypatch.setenv("GATEHOUSE_MQTT__PASSWORD", "from-environment")
    config = load(_write(tmp_path, LEAST))
    assert config.http.port == 9100
    assert config.mqtt is not None
    assert config.mqtt.secret() == "from-environment"
    assert "from-environment" not in repr(config)


@pytest.mark.parametrize("mode", [stat.S_IRGRP, stat.S_IROTH, stat.S_IWOTH])
def test_secrets_that_others_may_read_are_refused(tmp_path: Path, mode: int) -> None:
    """In the configuration itself, and in a file of their own."""
    file = _write(tmp_path, WHOLE)
    secret = tmp_path / "broker.secret"
    secret.write_text("hunter2\n")
    secret.chmod(0o600)
    config = load(file)
    assert config.mqtt is not None
    assert config.mqtt.secret() == "hunter2"
    secret.chmod(0o600 | mode)
    with pytest.raises(ConfigError, match=r"mqtt\.password_file: others may read"):
        config.mqtt.secret()
    file.chmod(0o600 | mode)
    with pytest.raises(ConfigError, match="holds a secret and others may read it"):
        load(file)


def test_a_public_file_without_secrets_is_fine(tmp_path: Path) -> None:
    """Only secrets are private."""
    file = _write(tmp_path, LEAST)
    file.chmod(0o644)
    assert load(file).mqtt is None


def test_a_gateway_knows_its_names(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Those of loopback, of the machine, of its public address, and those that it is told."""
    monkeypatch.setattr("gateway.daemon.config.gethostname", lambda: "Gate-1.lan")
    file = tmp_path / "gatehouse.toml"
    file.write_text(LEAST + '[http]\nhost = "0.0.0.0"\npublic_url = "https://gate.example/"\nhosts = ["tor"]\n')
    names = {"localhost", "gate-1.lan", "gate-1", "gate-1.local", "0.0.0.0", "gate.example", "tor"}
    assert load(file).http.names == names
