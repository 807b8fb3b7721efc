"""The recorder of simulated outputs, for every test that has one.

Import the fixture into a ``conftest.py`` or a test module: ``from tests.outputs import recorder``.
"""

from collections.abc import Iterator

import pytest

from simulators.devices.outputs import Recorder


@pytest.fixture
def recorder() -> Recorder:
    """Keeps every write; the test says which were commanded."""
    return Recorder()


@pytest.fixture
def silent_recorder() -> Iterator[Recorder]:
    """Fails the test when any output was written at all."""
    kept = Recorder()
    yield kept
    kept.assert_silent()
