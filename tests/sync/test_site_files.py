"""What a broker and a controller are handed."""

import base64
import hashlib
from pathlib import Path

import pytest

from gateway.domain.errors import MalformedError
from gateway.ports import DeviceOfflineError
from sync.mosquitto import MosquittoAccounts, access_list, password_line, write_users
from sync.provisioning import broker_settings, provisioning, public_keys
from sync.session import BrokerSettings, Tls
from tests.sync.world import KEY, LIST_KEY


def test_password_line() -> None:
    """PBKDF2-HMAC-SHA512 with 101 rounds, salt and digest in base64."""
    user, rest = password_line("gate-a", "secret", b"saltsaltsalt").strip().split(":")
    _empty, kind, rounds, salt, digest = rest.split("$")
    assert (user, kind, rounds, base64.b64decode(salt)) == ("gate-a", "7", "101", b"saltsaltsalt")
    assert base64.b64decode(digest) == hashlib.pbkdf2_hmac("sha512", b"secret", b"saltsaltsalt", 101)
    with pytest.raises(MalformedError):
        password_line("a:b", "secret", b"saltsaltsalt")


def test_access_list() -> None:
    """A controller writes three topics of its own, and reads lists, schedules and what is meant for it."""
    lines = access_list("riverside").splitlines()
    writes = [line.split()[-1] for line in lines if line.startswith("pattern write")]
    assert writes == [f"gatehouse/v1/riverside/controllers/%u/{what}" for what in ("status", "events", "replies")]
    everything = [line for line in lines if "#" in line and not line.startswith("pattern read")]
    assert everything == ["topic readwrite gatehouse/v1/riverside/#"]
    assert lines.index("user gateway") == lines.index(everything[0]) - 1


def test_a_broker_that_cannot_be_told(tmp_path: Path) -> None:
    """Without mosquitto's files or its process the gateway says so, and hands out nothing."""
    accounts = MosquittoAccounts(tmp_path, bytes)
    with pytest.raises(DeviceOfflineError, match="gate-a"):
        accounts.enrol("gate-a", "x")
    write_users(tmp_path, "riverside", "g", {}, bytes)
    with pytest.raises(DeviceOfflineError, match=r"mosquitto\.pid"):
        accounts.enrol("gate-a", "x")


def test_files_are_private(tmp_path: Path) -> None:
    """Nobody but the broker reads passwords and access list."""
    write_users(tmp_path, "riverside", "g", {"gate-a": "x"}, bytes)
    assert all((tmp_path / name).stat().st_mode & 0o077 == 0 for name in ("passwords", "access"))


def test_provisioning_is_read_back() -> None:
    """A controller finds broker, keys and list key in its file; the reader speaks MQTT 3.1.1."""
    tls = Tls("ca.pem", "cert.pem", "key.pem")
    given = provisioning(
        "riverside", "gate-a", BrokerSettings("host", 8883, "gateway", "gate-a", "x", tls), [KEY.public], LIST_KEY
    )
    assert given["topics_root"] == "gatehouse/v1/riverside"
    assert given["public_keys"] == [{"kid": KEY.kid.hex(), "key": KEY.public.raw.hex()}]
    assert broker_settings(given) == BrokerSettings("host", 8883, "gate-a", "gate-a", "x", tls, mqtt5=False)
    assert public_keys(given) == {KEY.kid: KEY.public}
    assert "x" not in repr(broker_settings(given)).split("@")[0].removesuffix("gate-a")
    with pytest.raises(MalformedError):
        provisioning("riverside", "gate-a", BrokerSettings("h", 1, "c"), [KEY.public], b"short")
