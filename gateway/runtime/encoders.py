"""What lies on each desk encoder."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from gateway.ports import CardOnEncoder, DeviceStatus
from gateway.runtime.devices import Devices
from gateway.runtime.hub import EventHub


@dataclass(frozen=True, slots=True)
class LaidCard:
    """What lies on an encoder now. ``version`` rises with every change, so that an act can name what it saw."""

    encoder: str
    version: int
    card: CardOnEncoder | None = None
    why: str = ""


class Encoders:
    """Hears the encoders (ports.EncoderSink) and remembers what lies on them. News kind: ``encoder``."""

    def __init__(self, hub: EventHub, devices: Devices, names: Iterable[str]) -> None:
        self._hub = hub
        self._devices = devices
        self._laid = {name: LaidCard(name, 0) for name in names}

    def laid(self) -> Sequence[LaidCard]:
        """Each encoder, by name."""
        return [card for _name, card in sorted(self._laid.items())]

    def card_laid(self, encoder: str, card: CardOnEncoder) -> None:
        """A card lies on the encoder."""
        self._change(encoder, card, "")

    def card_lifted(self, encoder: str) -> None:
        """The encoder is empty again."""
        self._change(encoder, None, "")

    def card_unreadable(self, encoder: str, why: str) -> None:
        """Two cards, or one that does not answer."""
        self._change(encoder, None, why)

    def device_status(self, status: DeviceStatus) -> None:
        """Passed on to the registry of devices."""
        self._devices.device_status(status)

    def device_alarm(self, device: str, kind: str, detail: Mapping[str, object]) -> None:
        """Passed on to the registry of devices."""
        self._devices.device_alarm(device, kind, detail)

    def _change(self, encoder: str, card: CardOnEncoder | None, why: str) -> None:
        before = self._laid.get(encoder)
        laid = LaidCard(encoder, before.version + 1 if before else 1, card, why)
        self._laid[encoder] = laid
        self._hub.publish("encoder", as_json(laid))


def as_json(laid: LaidCard) -> dict[str, object]:
    """For the event stream: the UID in hexadecimal, or null when nothing readable lies there."""
    card = laid.card
    return {
        "encoder": laid.encoder,
        "version": laid.version,
        "uid": card.uid.hex() if card else None,
        "kind": card.kind if card else None,
        "random_uid": card.random_uid if card else False,
        "why": laid.why,
    }
