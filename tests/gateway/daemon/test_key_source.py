"""The key that seals the site's secrets comes from the place that [keys] names, and a wrong one is called by name."""

import io
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.daemon import key_commands
from gateway.daemon.config import Config, ConfigError
from gateway.daemon.doctor import examine
from gateway.daemon.key_source import open_keyring
from gateway.daemon.opening import open_keys, opened
from gateway.domain.errors import GatehouseError
from gateway.signing.keyring import NoKeyError
from gateway.signing.pkcs11 import PinError, TokenError
from tests.gateway.daemon.conftest import Configured
from tests.softhsm import MODULE, PIN, TOKEN, SoftHsm, softhsm
from tests.terminals import converse

__all__ = ["softhsm"]

ASKED = "[keys]\npassphrase = true\n"
WORDS = "five words make a lock"
OPENS = (True, "opens the secrets in the store; there are no card keys yet: gatehouse keys init")


@pytest.fixture
def phrase(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A private file with the pass-phrase."""
    file = tmp_path / "phrase"
    file.write_text(WORDS + "\n")
    file.chmod(0o600)
    monkeypatch.setenv("GATEHOUSE_PASSPHRASE_FILE", str(file))
    return file


def _seal(config: Config) -> None:
    with opened(config) as store:
        open_keys(config, store, open_keyring(config))


def _keys_said(config: Config) -> tuple[bool, str]:
    return next((found.good, found.said) for found in examine(config) if found.what.startswith("keys."))


# --- Pass-phrase ----------------------------------------------------------------------------------


def test_a_passphrase_opens_again(configured: Configured, phrase: Path, tmp_path: Path) -> None:
    """The salt stands beside the data, private as everything there; check-config tells of each stage."""
    config = configured(ASKED)
    assert _keys_said(config) == (True, "will be asked for at the first start")
    _seal(config)
    assert len((tmp_path / "keyring.salt").read_bytes()) == 16
    assert open_keyring(config, make=False).unseal("a", open_keyring(config, make=False).seal("a", b"x")) == b"x"
    assert _keys_said(config) == OPENS
    phrase.write_text("five words make another")
    good, said = _keys_said(config)
    assert (good, said.startswith("The pass-phrase is wrong: ")) == (False, True)
    assert "words" not in said


def test_without_its_salt_nothing_opens(configured: Configured, phrase: Path, tmp_path: Path) -> None:
    """A new salt is not made once secrets are sealed."""
    assert phrase.exists()
    _seal(configured(ASKED))
    (tmp_path / "keyring.salt").unlink()
    with pytest.raises(ConfigError, match=r"salt of the pass-phrase .*keyring\.salt is not there"):
        open_keyring(configured(ASKED), make=False)


def test_a_passphrase_file_is_private(configured: Configured, phrase: Path) -> None:
    """As a key file is."""
    phrase.chmod(0o644)
    with pytest.raises(ConfigError, match=r"GATEHOUSE_PASSPHRASE_FILE: others may read"):
        open_keyring(configured(ASKED))


@pytest.mark.parametrize(("text", "said"), [("", "is empty"), ("too short", "12 characters or more")])
def test_a_poor_passphrase(configured: Configured, phrase: Path, tmp_path: Path, text: str, said: str) -> None:
    """Refused before a salt is made."""
    phrase.write_text(text)
    with pytest.raises(ConfigError, match=said):
        open_keyring(configured(ASKED))
    assert not (tmp_path / "keyring.salt").exists()


def test_no_terminal_to_ask_on(configured: Configured, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence names the variable."""
    monkeypatch.delenv("GATEHOUSE_PASSPHRASE_FILE", raising=False)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    with pytest.raises(ConfigError, match=r"\$GATEHOUSE_PASSPHRASE_FILE"):
        open_keyring(configured(ASKED))


def test_from_a_pipe(configured: Configured, phrase: Path, tmp_path: Path) -> None:
    """What systemd-ask-password prints can be piped in."""
    _seal(configured(ASKED))
    command = [sys.executable, "-m", "gateway.daemon", "check-config", "-c", str(tmp_path / "gatehouse.toml")]
    environment = {**os.environ, "GATEHOUSE_PASSPHRASE_FILE": "/dev/stdin"}
    ran = subprocess.run(
        command, input=phrase.read_text(), env=environment, capture_output=True, text=True, check=False, timeout=60
    )
    assert (ran.returncode, ran.stderr) == (0, "")
    assert f"ok   keys.passphrase: {OPENS[1]}" in ran.stdout


@pytest.mark.parametrize(
    ("second", "code", "said"), [(WORDS, 0, "Version 1: current"), ("something else", 1, "differ")]
)
def test_asked_twice_on_a_terminal(configured: Configured, tmp_path: Path, second: str, code: int, said: str) -> None:
    """A new pass-phrase is typed twice; it does not show."""
    configured(ASKED)
    command = [sys.executable, "-m", "gateway.daemon", "keys", "init", "-c", str(tmp_path / "gatehouse.toml")]
    environment = {name: value for name, value in os.environ.items() if name != "GATEHOUSE_PASSPHRASE_FILE"}
    ran = converse(command, [WORDS, second], environment)
    assert (ran.code, ran.shown.strip()) == (code, "")
    assert said in ran.out
    assert WORDS not in ran.out


# --- Security module ------------------------------------------------------------------------------


@pytest.fixture
def pin(tmp_path: Path, softhsm: SoftHsm) -> Path:
    """A private file with the PIN of the token."""
    assert softhsm.directory.is_dir()
    file = tmp_path / "pin"
    file.write_text(f"{PIN}\n")
    file.chmod(0o600)
    return file


def _token(label: str = TOKEN, pin: str = 'pin_file = "pin"', module: Path = MODULE) -> str:
    return f'[keys.pkcs11]\nmodule = "{module}"\ntoken = "{label}"\nkey_label = "kek"\n{pin}\n'


def test_a_key_in_a_token(configured: Configured, pin: Path, softhsm: SoftHsm) -> None:
    """Made there at the first start, found there at the next; check-config tells."""
    assert pin.exists()
    config = configured(_token())
    assert _keys_said(config) == (True, "will be made in the token at the first start")
    _seal(config)
    assert _keys_said(config) == OPENS
    softhsm.add_token("other")
    softhsm.pull()
    good, said = _keys_said(configured(_token("other")))
    assert (good, "holds no AES key “kek”" in said) == (False, True)
    open_keyring(configured(_token("other")))
    assert "“kek” in the token “other” is not the key that sealed" in _keys_said(configured(_token("other")))[1]


def test_a_pin_by_credential(
    configured: Configured, pin: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """From systemd's directory; without one, and without that file in it, a sentence says so."""
    config = configured(_token(pin='pin_credential = "pin"'))
    monkeypatch.delenv("CREDENTIALS_DIRECTORY", raising=False)
    with pytest.raises(GatehouseError, match="no credential “pin”"):
        open_keyring(config)
    monkeypatch.setenv("CREDENTIALS_DIRECTORY", str(tmp_path))
    assert open_keyring(config).seal("a", b"x")
    pin.unlink()
    with pytest.raises(ConfigError, match="pin_credential: pin: No such file"):
        open_keyring(config)


def test_a_wrong_pin_locks_nothing(configured: Configured, pin: Path) -> None:
    """However often the service is started again: the PIN is given once, until someone corrects it and says so."""
    pin.write_text("0000")
    config = configured(_token())
    with pytest.raises(PinError, match="is wrong"):
        open_keyring(config)
    for _restart in range(12):
        with pytest.raises(PinError, match="wrong PIN before"):
            open_keyring(config)
    pin.write_text(PIN)
    assert not _keys_said(config)[0]
    assert key_commands.try_pin(config) == "The PIN is right."
    assert _keys_said(config)[0]


def test_a_pin_file_is_private(configured: Configured, pin: Path) -> None:
    """As a key file is."""
    pin.chmod(0o640)
    with pytest.raises(ConfigError, match=r"keys\.pkcs11\.pin_file: others may read"):
        open_keyring(configured(_token()))


@pytest.mark.parametrize(
    ("text", "said"),
    [(_token("none"), "no token “none”"), (_token(module=Path("/none.so")), "There is no PKCS #11 module")],
)
def test_what_is_not_there(configured: Configured, pin: Path, text: str, said: str) -> None:
    """Named by check-config as at the start."""
    assert pin.exists()
    with pytest.raises(TokenError, match=said):
        open_keyring(configured(text))
    assert said in _keys_said(configured(text))[1]


def test_without_the_extra(configured: Configured, monkeypatch: pytest.MonkeyPatch) -> None:
    """The sentence says what to install."""
    monkeypatch.setitem(sys.modules, "pkcs11", None)
    monkeypatch.delitem(sys.modules, "gateway.signing.pkcs11", raising=False)
    with pytest.raises(ConfigError, match=r"pip install “gatehouse\[pkcs11\]”"):
        open_keyring(configured(_token(pin='pin_credential = "pin"')))


def test_no_key_is_told_apart(configured: Configured, pin: Path) -> None:
    """From a token that cannot be reached."""
    assert pin.exists()
    with pytest.raises(NoKeyError):
        open_keyring(configured(_token()), make=False)
