"""SoftHSM tokens for tests: a directory of their own for each test, and the library set up anew for it."""

import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

MODULE: Final = Path("/usr/lib/softhsm/libsofthsm2.so")
PIN: Final = "271828"
TOKEN: Final = "gate"


@dataclass(frozen=True, slots=True)
class SoftHsm:
    """A token ``gate`` with the PIN 271828 and nothing in it; ``environment`` for child processes."""

    directory: Path
    environment: dict[str, str]

    def add_token(self, label: str) -> None:
        """Another token."""
        command = ["softhsm2-util", "--init-token", "--free", "--label", label, "--pin", PIN, "--so-pin", "31415926"]
        subprocess.run(command, env=self.environment, check=True, capture_output=True, timeout=60)

    def everything(self) -> bytes:
        """All files of the token."""
        return b"".join(path.read_bytes() for path in sorted(self.directory.rglob("*")) if path.is_file())

    def pull(self) -> None:
        """What a process notices when a token is pulled and put back: its sessions are gone."""
        import pkcs11  # noqa: PLC0415 - an extra

        pkcs11.lib(str(MODULE)).reinitialize()


@pytest.fixture
def softhsm(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SoftHsm]:
    """A token of its own; skips where SoftHSM is not installed."""
    if not MODULE.exists() or shutil.which("softhsm2-util") is None:
        pytest.skip("Debian's softhsm2 is not installed")
    pkcs11 = pytest.importorskip("pkcs11")
    directory, settings = tmp_path / "tokens", tmp_path / "softhsm2.conf"
    directory.mkdir()
    settings.write_text(f"directories.tokendir = {directory}\nobjectstore.backend = file\nlog.level = ERROR\n")
    monkeypatch.setenv("SOFTHSM2_CONF", str(settings))
    hsm = SoftHsm(directory, {"SOFTHSM2_CONF": str(settings), "PATH": "/usr/bin:/bin"})
    hsm.add_token(TOKEN)
    pkcs11.unload(str(MODULE))  # the library reads its settings once
    yield hsm
    pkcs11.unload(str(MODULE))
