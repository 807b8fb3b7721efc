"""The table [keys] names one place for the key, whole."""

from pathlib import Path

import pytest

from gateway.daemon.config import ConfigError
from tests.gateway.daemon.conftest import Configured

TOKEN = '[keys.pkcs11]\nmodule = "/lib/hsm.so"\ntoken = "gate"\nkey_label = "kek"\n'


def test_paths_count_from_the_file(configured: Configured, tmp_path: Path) -> None:
    """Of the key file, of the module and of the PIN."""
    assert configured('[keys]\nfile = "kek"\n').keys.file == tmp_path / "kek"
    table = configured(TOKEN + 'pin_file = "pin"\n').keys.pkcs11
    assert table is not None
    assert (table.module, table.pin_file) == (Path("/lib/hsm.so"), tmp_path / "pin")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('[keys]\nfile = "kek"\npassphrase = true\n', r"keys: takes one of file, credential, passphrase and pkcs11"),
        ('[keys]\ncredential = "kek"\n' + TOKEN + 'pin_file = "pin"\n', r"keys: takes one of"),
        (TOKEN, r"keys\.pkcs11: needs either pin_file or pin_credential"),
        (TOKEN + 'pin_file = "pin"\npin_credential = "pin"\n', r"keys\.pkcs11: needs either"),
        (
            TOKEN + 'pin = "1234"\n',
            r"keys\.pkcs11\.pin: there is no such key here; allowed are module, token, key_label",
        ),
        ('[keys.pkcs11]\nmodule = "x"\n', r"keys\.pkcs11\.token: is missing"),
        ('[keys]\npassphrase = "hunter2"\n', r"keys\.passphrase: "),
    ],
)
def test_refused(configured: Configured, text: str, said: str) -> None:
    """With the key and what is allowed."""
    with pytest.raises(ConfigError, match=said):
        configured(text)
