"""Cards that lie, mumble or are not what they seem: the work waits with a sentence, and the right card finishes it."""

import asyncio
import random
from collections.abc import AsyncIterator, Callable

import pytest

from drivers.pcsc.settings import VpcdEncoderSettings
from drivers.pcsc.vpcd_encoder import VpcdEncoder
from gateway.domain.encode_job import JobState
from gateway.ports.cards import FoundState
from gateway.services.encode_jobs import JobView
from gateway.storage.store import Store
from simulators.cards.catalogue import make
from simulators.devices.vcard import CardLogic, VirtualCard
from tests.cards.bench import Bench, Card
from tests.cards.torn import KINDS
from tests.gateway.runtime.conftest import Rig
from tests.gateway.runtime.fakes import until
from tests.gateway.services import small_compound
from tests.gateway.services.small_compound import CLERK
from tests.stores import SteppedClock

SEED = 20261122
TRIES = 40
LONGEST = 0xFFFF
LATEST = 12

Noise = Callable[[random.Random, bytes], bytes]
NOISES: dict[str, Noise] = {
    "random bytes": lambda rng, _reply: rng.randbytes(rng.randrange(64)),
    "nothing": lambda _rng, _reply: b"",
    "half a status word": lambda _rng, _reply: b"\x90",
    "a random status word": lambda rng, reply: reply[:-2] + rng.randbytes(2),
    "only a random status word": lambda rng, _reply: rng.randbytes(2),
    "success without a word": lambda _rng, _reply: b"\x90\x00",
    "success of DESFire without a word": lambda _rng, _reply: b"\x91\x00",
    "cut short": lambda rng, reply: reply[: rng.randrange(len(reply))],
    "too long": lambda rng, reply: rng.randbytes(rng.randrange(1, 300)) + reply,
    "64 KiB": lambda rng, reply: rng.randbytes(LONGEST - 2) + reply[-2:],
    "one bit over": lambda rng, reply: _flipped(reply, rng.randrange(8 * len(reply))),
}


def _flipped(reply: bytes, bit: int) -> bytes:
    return (int.from_bytes(reply) ^ 1 << bit).to_bytes(len(reply))


class Noisy:
    """Implements CardLogic over an honest card, up to a command; from there on it says what it likes.

    ``heard``: whether the card under it still gets the commands.
    """

    def __init__(self, card: CardLogic) -> None:
        self.card = card
        self.noise: Callable[[bytes], bytes] | None = None
        self.honest = 0
        self.heard = False

    def atr(self) -> bytes:
        return self.card.atr()

    def answer(self, apdu: bytes) -> bytes:
        if self.noise is None or self.honest > 0:
            self.honest -= 1
            return self.card.answer(apdu)
        return self.noise(self.card.answer(apdu) if self.heard else b"\x90\x00")

    def reset(self) -> None:
        self.card.reset()


class VpcdHand:
    """Lays cards on an encoder that listens."""

    def __init__(self, encoder: VpcdEncoder) -> None:
        self.name = encoder.name
        self._encoder = encoder
        self._card: VirtualCard | None = None

    async def lay(self, logic: CardLogic) -> None:
        await until(lambda: self._encoder.port is not None)
        self._card = VirtualCard(logic, port=self._encoder.port or 0)
        await asyncio.to_thread(self._card.lay)

    async def lift(self) -> None:
        if self._card is not None:
            await asyncio.to_thread(self._card.lift)
            self._card = None


@pytest.fixture
async def bench(
    rig: Rig, sqlite_store: Store, store_clock: SteppedClock, capsys: pytest.CaptureFixture[str]
) -> AsyncIterator[Bench]:
    """Running behind a real encoder; whatever was laid on it, nothing was unforeseen."""
    faults: list[object] = []
    asyncio.get_running_loop().set_exception_handler(lambda _loop, context: faults.append(context))
    made = Bench(rig, small_compound.build(sqlite_store, store_clock))
    encoder = VpcdEncoder(VpcdEncoderSettings("front", 0), made.encoders)
    made.attach(encoder)
    made.start()
    serving = asyncio.create_task(encoder.run())
    yield made
    assert not serving.done()
    assert made.running
    serving.cancel()
    await asyncio.gather(serving, return_exceptions=True)
    await made.stop()
    assert faults == []
    assert "Traceback" not in "".join(capsys.readouterr())


@pytest.fixture
def hand(bench: Bench) -> VpcdHand:
    """At the encoder ``front``."""
    encoder = bench.driver("front")
    assert isinstance(encoder, VpcdEncoder)
    return VpcdHand(encoder)


async def lifted(bench: Bench, hand: VpcdHand) -> None:
    await hand.lift()
    await bench.empty("front")


async def begun(bench: Bench, hand: VpcdHand, card: Card, logic: CardLogic) -> JobView:
    """A blank card lies there, and is ordered for somebody."""
    card.watched.tap()
    await hand.lay(logic)
    return bench.issue(await bench.found("front", FoundState.BLANK))


async def finished(bench: Bench, hand: VpcdHand, card: Card, job: JobView) -> None:
    """The card itself, honest again, is active after one tap; then its holder gives it up."""
    await lifted(bench, hand)
    assert bench.job(job.id).state is not JobState.ACTIVE
    await bench.lay(hand, card)
    ended = await bench.told(job, JobState.ACTIVE)
    await lifted(bench, hand)
    card.watched.assert_sound()
    assert ended.card_id is not None
    bench.cancel_card(ended.card_id)


@pytest.mark.parametrize("heard", [False, True], ids=["deaf", "heard"])
@pytest.mark.parametrize("kind", KINDS)
async def test_noise_in_the_middle(bench: Bench, hand: VpcdHand, kind: str, *, heard: bool) -> None:
    """From some command on every answer is noise; the work is unknown or refused, never active by mistake."""
    rng = random.Random(SEED)
    for number in range(TRIES):
        card = bench.card(kind)
        noisy = Noisy(card.mortal)
        job = await begun(bench, hand, card, noisy)
        noise = NOISES[list(NOISES)[number % len(NOISES)]]
        noisy.honest, noisy.heard = rng.randrange(LATEST), heard
        noisy.noise = lambda reply, noise=noise: noise(rng, reply)
        bench.desk.begin("front", job.id, CLERK)
        why = (await bench.settled(job)).why
        assert why is not None
        said = why["template"] % why["params"]
        assert said[0].isupper()
        assert said[-1] in ".!"
        await finished(bench, hand, card, job)


@pytest.mark.parametrize("noise", NOISES)
async def test_noise_from_the_start(bench: Bench, hand: VpcdHand, noise: str) -> None:
    """The encoder or the look says what is wrong, or takes it for a card with nothing but a UID."""
    rng = random.Random(SEED)
    for honest in (0, 1, 2, 3):
        for kind in KINDS:
            noisy = Noisy(bench.card(kind).mortal)
            noisy.honest, noisy.heard = honest, True
            noisy.noise = lambda reply: NOISES[noise](rng, reply)
            await hand.lay(noisy)
            await until(lambda: bool((laid := bench.laid("front")).why or laid.found or _random(laid.card)))
            found = bench.laid("front").found
            assert found is None or found.state is not FoundState.OURS
            await lifted(bench, hand)


def _random(card: object) -> bool:
    return bool(getattr(card, "random_uid", False))


class AtrOf:
    """Implements CardLogic: a card whose answer to reset is another."""

    def __init__(self, card: CardLogic, atr: bytes) -> None:
        self.card, self._atr = card, atr

    def atr(self) -> bytes:
        return self._atr

    def answer(self, apdu: bytes) -> bytes:
        return self.card.answer(apdu)

    def reset(self) -> None:
        self.card.reset()


@pytest.mark.parametrize(
    "atr", [b"", b"\x3b", b"\x3b\x8f\x80", b"\x00" * 33, b"\x3b\x8f\x80\x01\x80\x4f", b"\xff" * LONGEST]
)
async def test_an_answer_to_reset_that_is_none(bench: Bench, hand: VpcdHand, atr: bytes) -> None:
    """Is no fault, and no card that can be written by mistake."""
    await hand.lay(AtrOf(bench.card("classic").mortal, atr))
    await until(lambda: bool(bench.laid("front").found))
    await lifted(bench, hand)


OTHERS = [
    ("desfire-ev2", "classic"),
    ("desfire-ev1", "uid"),
    ("classic", "fmcos"),
    ("classic", "uid"),
    ("fmcos", "classic"),
    ("fmcos", "uid"),
]


@pytest.mark.parametrize(("kind", "other"), OTHERS)
async def test_a_card_of_another_kind_with_the_same_uid(bench: Bench, hand: VpcdHand, kind: str, other: str) -> None:
    """Is not written, does not end the work, and is as blank as before."""
    card = bench.card(kind)
    job = await begun(bench, hand, card, card.mortal)
    card.mortal.doom(die_before=card.mortal.commands + 6)
    bench.desk.begin("front", job.id, CLERK)
    await bench.told(job, JobState.UNKNOWN)
    await lifted(bench, hand)
    stranger = make(other, card.uid)
    before, revision = stranger.dump(), bench.job(job.id).rev
    await hand.lay(stranger)
    await until(lambda: (now := bench.job(job.id)).rev > revision + 1 and bool(now.why))
    assert bench.job(job.id).state is JobState.UNKNOWN
    await lifted(bench, hand)
    assert stranger.dump() == before
    await finished(bench, hand, card, job)


async def test_commands_of_any_length(bench: Bench, hand: VpcdHand) -> None:
    """Too short or too long is answered as a card would answer, and reaches none."""
    card = bench.card("desfire-ev2")
    await hand.lay(card.mortal)
    await bench.found("front", FoundState.BLANK)
    encoder = bench.driver("front")
    commands = card.mortal.commands
    for size in (0, 1, 2, 3, LONGEST + 1, 2 * LONGEST):
        assert await encoder.card().transmit(bytes(size)) == b"\x67\x00"
    assert card.mortal.commands == commands
    assert len(await encoder.card().transmit(bytes(LONGEST))) >= 2
    await lifted(bench, hand)
