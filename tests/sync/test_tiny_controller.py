"""A controller written from PROTOCOL.md alone follows the gateway and decides as it does."""

import time
from pathlib import Path

import pytest

from gateway.domain.schedule import Calendar, Schedule
from gateway.domain.whitelist import EXIT_ONLY, NO_END, Entry, Terms, Whitelist
from sync.fleet import ReachState
from sync.provisioning import provisioning
from tests.brokers import running_mosquitto
from tests.sync.tiny_controller import TinyController
from tests.sync.world import FOREVER, KEY, LIST_KEY, SITE, Sink, Site, card, entries, key, make_gateway, running, until

pytestmark = pytest.mark.system

NEVER = Schedule(((),) * 7)


async def test_follows_and_decides(tmp_path: Path) -> None:
    """The same root after a base, a window and a tail, and the same decisions."""
    now = int(time.time())
    whitelist = Whitelist(entries(1500), version=1)
    site, sink = Site(["gate-a"], {"residents": whitelist}, Calendar(version=1, schedules={1: NEVER})), Sink()
    with running_mosquitto(tmp_path, SITE, {"gate-a": "secret"}) as broker:
        gateway = make_gateway(site, sink, broker.settings())
        async with running(gateway):
            await until(lambda: gateway.publisher.published("residents"))
            tiny = TinyController(provisioning(SITE, "gate-a", broker.settings("gate-a"), [KEY.public], LIST_KEY))
            try:
                await until(lambda: has_root(tiny, whitelist))
                special = [
                    Entry(key(2001), Terms(0, now - 10)),
                    Entry(key(2002), Terms(now + 1000, NO_END)),
                    Entry(key(2003), Terms(0, NO_END, 1)),
                    Entry(key(2004), Terms(0, NO_END, 0, EXIT_ONLY)),
                    Entry(key(2005), FOREVER),
                ]
                version = site.change("residents", put=special, drop=[key(7)])
                await until(lambda: has_root(tiny, whitelist))
                said = [tiny.decide("gate-a-in", card(n).encode(), now) for n in (8, 7, *range(2001, 2006))]
                assert said == [
                    "granted",
                    "unknown_credential",
                    "expired",
                    "not_yet_valid",
                    "outside_schedule",
                    "exit_only",
                    "granted",
                ]
                await until(lambda: gateway.fleet.reach("residents", version)["gate-a"].state is ReachState.CONFIRMED)
                for burst in range(5):  # more than a window holds
                    site.change("residents", put=[Entry(key(3000 + burst * 50 + n), FOREVER) for n in range(50)])
                await until(lambda: has_root(tiny, whitelist))
            finally:
                tiny.close()
    assert "malformed" not in sink.kinds()


def has_root(tiny: TinyController, whitelist: Whitelist) -> bool:
    return tiny.lists.get("residents", {}).get("root") == whitelist.root()
