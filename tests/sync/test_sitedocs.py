"""A controller that left the site loses its configuration at the broker."""

from sync.protocol.topics import Kind, Topics
from sync.sitedocs import SiteDocuments
from tests.sync.memory import MemoryWire, SteppedClock
from tests.sync.world import KEY, SITE, Site


async def test_a_removed_controller_leaves_no_configuration() -> None:
    """Its retained message is cleared when the site changes; the others keep theirs."""
    topics, wire = Topics(SITE), MemoryWire()
    site = Site(["gate-a", "gate-b"], {})
    documents = SiteDocuments(
        topics, site, wire, signer=lambda: KEY, announced=lambda: [KEY.public], clock=SteppedClock(), software="x"
    )
    configs = [topics.of_controller(Kind.CONFIG, name) for name in ("gate-a", "gate-b")]
    documents.say()
    assert set(configs) <= set(wire.retained)
    site._controllers.remove("gate-b")
    documents.say()
    assert configs[0] in wire.retained
    assert configs[1] not in wire.retained
