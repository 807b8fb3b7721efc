"""What lies on each desk encoder."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from gateway.domain.errors import GatehouseError
from gateway.ports import CardOnEncoder, DeviceStatus
from gateway.ports.cards import FoundCard
from gateway.runtime.devices import Devices
from gateway.runtime.hub import EventHub


@dataclass(frozen=True, slots=True)
class LaidCard:
    """What lies on an encoder now. ``version`` rises with every change, so that an act can name what it saw.

    ``found`` is what the card turned out to be, a moment after it was laid down; ``why`` says, as an English sentence
    with its ``params``, why there is nothing to be found.
    """

    encoder: str
    version: int
    card: CardOnEncoder | None = None
    why: str = ""
    params: Mapping[str, object] | None = None
    found: FoundCard | None = None


class Encoders:
    """Hears the encoders (ports.EncoderSink) and remembers what lies on them. News kind: ``encoder``."""

    def __init__(self, hub: EventHub, devices: Devices, names: Iterable[str]) -> None:
        self._hub = hub
        self._devices = devices
        self._laid = {name: LaidCard(name, 0) for name in names}
        self._watchers: list[Callable[[LaidCard], None]] = []

    def laid(self) -> Sequence[LaidCard]:
        """Each encoder, by name."""
        return [card for _name, card in sorted(self._laid.items())]

    def watch(self, watcher: Callable[[LaidCard], None]) -> None:
        """``watcher`` is told of every card laid down or lifted; it must not block."""
        self._watchers.append(watcher)

    def found(self, seen: LaidCard, found: FoundCard) -> None:
        """The card turned out to be this; nothing happens when another one lies there by now."""
        self._learnt(replace(seen, found=found, why="", params=None))

    def not_found(self, seen: LaidCard, error: GatehouseError) -> None:
        """The card could not be looked at."""
        self._learnt(replace(seen, found=None, why=error.template, params=error.params))

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
        for watcher in self._watchers:
            watcher(laid)

    def _learnt(self, laid: LaidCard) -> None:
        if self._laid[laid.encoder].version == laid.version:
            self._laid[laid.encoder] = laid
            self._hub.publish("encoder", as_json(laid))


def as_json(laid: LaidCard) -> dict[str, object]:
    """For the event stream: the UID in hexadecimal, or null when nothing readable lies there.

    ``why`` is told only where it cannot name people: the page or ``GET /encoders`` has all of it.
    """
    card, found = laid.card, laid.found
    return {
        "encoder": laid.encoder,
        "version": laid.version,
        "uid": card.uid.hex() if card else None,
        "kind": found.kind if found else card.kind if card else None,
        "random_uid": card.random_uid if card else False,
        "why": "" if laid.params else laid.why,
        "failed": bool(laid.why),
        "found": _found_as_json(found) if found else None,
    }


def _found_as_json(found: FoundCard) -> dict[str, object]:
    number = None if found.data is None else found.data.number.hex()
    known = {"state": found.state, "kind": found.kind, "number": number}
    return {**known, "key_version": found.key_version, "tries_left": found.tries_left}
