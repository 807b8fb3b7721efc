"""The reference controller trusts signatures and its own clock, and nothing else."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from gateway.domain.decision import Denied, Direction, Reason, StalePolicy
from gateway.domain.whitelist import LONGER_OPENING, NO_END, Terms
from gateway.signing.keys import SigningKey
from sync.controller import Controller
from sync.controller_store import ControllerStore
from sync.protocol.lists import Head
from sync.protocol.messages import Config, PortalConfig
from sync.protocol.signed import seal
from sync.protocol.topics import Kind, Topics
from sync.provisioning import provisioning
from sync.session import BrokerSettings
from tests.brokers import running_mosquitto
from tests.sync.memory import SteppedClock
from tests.sync.protocol.history import NAME, History
from tests.sync.world import KEY, LIST_KEY, SITE, card
from tests.sync.world import key as card_key

TOPICS = Topics(SITE)
SETTINGS = BrokerSettings("127.0.0.1", 1, "gate-a")
OTHER = SigningKey(b"\x09" * 32)


class Rig:
    """A controller without a wire: messages are handed to it."""

    def __init__(self, directory: Path) -> None:
        self.clock = SteppedClock(100)
        self.opened: list[tuple[str, int]] = []
        self.reports: list[tuple[str, str]] = []
        given = provisioning(SITE, "gate-a", SETTINGS, [KEY.public], LIST_KEY)
        self.controller = Controller(
            given, directory, self.clock, lambda p, ms: self.opened.append((p, ms)), listener=self, capacity=100
        )

    def list_in_force(self, list_: str, whitelist: object) -> None:
        pass

    def reported(self, kind: str, detail: str) -> None:
        self.reports.append((kind, detail))

    def say(self, topic: str, payload: bytes, key: SigningKey | None = KEY) -> None:
        self.controller.wire_message(topic, payload if key is None else seal(topic, payload, key), retained=True)

    def configure(self, **changes: object) -> None:
        portal = PortalConfig("East", Direction.IN, (NAME,), 1000, 30)
        config = Config(1, {"east": portal}, **changes)  # type: ignore[arg-type]  # the test's own fields
        self.say(TOPICS.of_controller(Kind.CONFIG, "gate-a"), config.encode())

    def head(self, head: Head, key: SigningKey = KEY) -> None:
        self.say(TOPICS.head(NAME), head.encode(), key)

    def serve(self, history: History) -> None:
        self.head(history.head)
        for (base, number), page in history.pages.items():
            self.say(TOPICS.page(NAME, base, number), page.encode(), None)
        self.say(TOPICS.tail(NAME), history.tail.encode(), None)


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    rig = Rig(tmp_path)
    rig.configure()
    return rig


def living(terms: Terms = Terms(0, NO_END)) -> History:  # noqa: B008  # a tuple never changes
    history = History()
    history.list.put(card_key(1), terms)
    history.list.version = 1
    history.cut()
    return history


def test_forged_moved_and_replayed_heads(rig: Rig) -> None:
    """Another key, another topic, a damaged byte and an older version change nothing and are reported."""
    history = living()
    rig.serve(history)
    first = history.head
    history.change({5: 0}, set())
    rig.head(history.head, OTHER)
    moved = seal(TOPICS.head("other"), history.head.encode(), KEY)
    rig.say(TOPICS.head(NAME), moved, None)
    assert rig.controller.held()[NAME].version == 1
    rig.head(history.head)
    assert rig.controller.held()[NAME].version == 2
    rig.head(first)
    assert rig.controller.held()[NAME].version == 2
    assert rig.reports == [("refused_message", f"lists/{NAME}/head"), ("rollback_refused", NAME)]


def test_a_config_of_another_key_or_older(rig: Rig) -> None:
    """Portals come from the gateway alone, and never from yesterday."""
    topic = TOPICS.of_controller(Kind.CONFIG, "gate-a")
    rig.say(topic, Config(9).encode(), OTHER)
    rig.say(topic, Config(0).encode())
    rig.say(topic, b"", None)
    assert rig.controller.portals == {"east"}


def test_a_new_key_is_announced(rig: Rig) -> None:
    """Keys in a configuration are all that count from then on."""
    config = Config(2, {"east": PortalConfig("E", Direction.IN, (NAME,), 1, 1)}, keys=(OTHER.public.raw,))
    rig.say(TOPICS.of_controller(Kind.CONFIG, "gate-a"), config.encode())
    history = living()
    rig.head(history.head)
    rig.head(history.head, OTHER)
    assert [kind for kind, _detail in rig.reports] == ["refused_message"]


def test_opens_as_long_as_it_should(rig: Rig) -> None:
    """One pulse, twice as long for who needs it; a stranger moves nothing."""
    rig.serve(living(Terms(0, NO_END, 0, LONGER_OPENING)))
    assert rig.controller.present("east", card(1)).granted
    assert not rig.controller.present("east", card(2)).granted
    assert rig.opened == [("east", 2000)]


@pytest.mark.parametrize(("stale", "denied_at"), [(StalePolicy.DENY, 1000), (StalePolicy.HOLD, 1060)])
def test_stale_lists(tmp_path: Path, stale: StalePolicy, denied_at: int) -> None:
    """``deny`` denies when the head is no longer fresh, ``hold`` when the grace is over too."""
    rig = Rig(tmp_path)
    rig.configure(stale=stale, offline_grace_s=60)
    rig.serve(living())
    rig.clock.now = denied_at - 1
    assert rig.controller.present("east", card(1)).granted
    rig.clock.now = denied_at
    assert rig.controller.present("east", card(1)) == Denied(Reason.LIST_STALE, NAME, 1, 1, Terms(0, NO_END))


def test_noise_on_every_topic(rig: Rig) -> None:
    """Noise is noted once a minute for each topic and never stops the gate."""
    rig.serve(living())
    kinds = (Kind.CONFIG, Kind.ACK, Kind.COMMANDS)
    topics = [TOPICS.schedules, TOPICS.head(NAME), TOPICS.tail(NAME), TOPICS.page(NAME, 1, 0)]
    topics += [TOPICS.of_controller(kind, "gate-a") for kind in kinds]
    for _again in range(3):
        for topic in topics:
            rig.controller.wire_message(topic, b"\xd2\x84noise", retained=False)
    assert len(rig.reports) == len(topics)
    assert rig.controller.present("east", card(1)).granted


def test_a_cold_start_without_broker(tmp_path: Path) -> None:
    """Configuration and list of the last run decide at once after a reboot."""
    rig = Rig(tmp_path)
    rig.configure()
    history = living()
    rig.serve(history)
    store = ControllerStore(tmp_path)
    store.save_list(NAME, history.list, None)
    store.save_fresh(NAME, 1000)
    assert Rig(tmp_path).controller.present("east", card(1)).granted


@pytest.mark.system
def test_runs_from_the_command_line(tmp_path: Path) -> None:
    """``python -m sync.controller`` connects with nothing but its provisioning file."""
    with running_mosquitto(tmp_path / "m", SITE, {"gate-a": "secret"}) as broker:
        given = provisioning(SITE, "gate-a", broker.settings("gate-a"), [KEY.public], LIST_KEY)
        (tmp_path / "given.json").write_text(json.dumps(given))
        command = [sys.executable, "-m", "sync.controller", "--provisioning", str(tmp_path / "given.json")]
        process = subprocess.Popen([*command, "--state", str(tmp_path / "state")])
        try:
            status = TOPICS.of_controller(Kind.STATUS, "gate-a")
            listen = ["mosquitto_sub", "-p", str(broker.port), "-u", "gateway", "-P", broker.gateway_password]
            heard = subprocess.run(
                [*listen, "-t", status, "-C", "1", "-W", "15"], check=False, capture_output=True, timeout=20
            )
            assert b"gatehouse-reference" in heard.stdout
        finally:
            process.kill()
            process.wait(10)
