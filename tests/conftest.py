"""Fixtures that tests of every part share."""

from importlib.util import find_spec

pytest_plugins = [name for name in ("tests.stores", "tests.brokers") if find_spec(name)]
