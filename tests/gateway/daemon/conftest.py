"""A configuration in a directory of its own, with a site."""

from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.daemon.config import Config, load

SITE = 'data = "."\n[store]\nurl = "sqlite:///gatehouse.db"\n[site]\nslug = "lake"\nname = "湖景苑"\n'

Configured = Callable[[str], Config]


@pytest.fixture
def configured(tmp_path: Path) -> Configured:
    """Loads the least configuration with more tables behind it."""

    def write(more: str = "") -> Config:
        file = tmp_path / "gatehouse.toml"
        file.write_text(SITE + more, "utf-8")
        file.chmod(0o600)
        return load(file)

    return write
