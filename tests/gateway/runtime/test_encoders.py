"""What lies on an encoder is known with a version that rises with each change."""

from gateway.ports import CardOnEncoder, DeviceState, DeviceStatus
from gateway.runtime.encoders import Encoders
from tests.gateway.runtime.conftest import Rig
from tests.gateway.runtime.fakes import until

CARD = CardOnEncoder(bytes.fromhex("04a1b2c3"))


async def test_a_card_comes_and_goes(rig: Rig) -> None:
    """Each step is news."""
    encoders = Encoders(rig.hub, rig.devices, ["front"])
    with rig.hub.subscribe() as news:
        encoders.card_laid("front", CARD)
        encoders.card_unreadable("front", "Two cards lie here; leave one.")
        encoders.card_lifted("front")
        seen = [(await anext(news)).data for _ in range(3)]
    assert [event["uid"] for event in seen] == ["04a1b2c3", None, None]
    assert [event["version"] for event in seen] == [1, 2, 3]
    assert seen[1]["why"] == "Two cards lie here; leave one."


async def test_known_before_it_speaks(rig: Rig) -> None:
    """A configured encoder is there, empty."""
    encoders = Encoders(rig.hub, rig.devices, ["front"])
    assert [(laid.encoder, laid.version, laid.card) for laid in encoders.laid()] == [("front", 0, None)]
    encoders.card_laid("front", CARD)
    assert encoders.laid()[0].card == CARD


async def test_states_reach_the_registry(rig: Rig) -> None:
    """As those of any device."""
    encoders = Encoders(rig.hub, rig.devices, ["front"])
    status = DeviceStatus("front", DeviceState.ONLINE)
    encoders.device_status(status)
    encoders.device_alarm("front", "garbage", {})
    assert rig.devices.statuses() == [status]
    await until(lambda: bool(rig.raised))
