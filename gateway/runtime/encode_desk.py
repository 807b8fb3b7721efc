"""The desk's encoders at work: each card laid down is looked at, and its job begun, finished or wiped.

A job belongs to the gateway, not to a browser: whoever lays the card down anywhere goes on with it.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import replace
from typing import Final

import structlog

from gateway.domain.card import CardState
from gateway.domain.card_template import CardTemplates
from gateway.domain.encode_job import JobKind, JobState
from gateway.domain.errors import ConflictError, GatehouseError, NotFoundError
from gateway.ports.cards import CardEncoder, CardKeys, CardRefusedError, CardWork, FoundCard, FoundState
from gateway.runtime.card_book import CardKeySource
from gateway.runtime.encode_run import NO_KEYS, EncodeRunner, steps_of
from gateway.runtime.encoders import Encoders, LaidCard
from gateway.services import card_views, encode_jobs
from gateway.services.encode_jobs import JobView, Order
from gateway.storage.store import Actor, Store, UnitOfWork

_LOG: Final = structlog.get_logger(__name__)

Task = Callable[[], Awaitable[None]]


class EncodeDesk:
    """One worker for each encoder, so that two desks never wait for each other.

    Made on the event loop's thread; what people ask may come from any thread.
    """

    def __init__(
        self,
        *,
        store: Store,
        encoders: Encoders,
        runner: EncodeRunner,
        work: CardWork,
        card_keys: CardKeySource,
        templates: CardTemplates,
    ) -> None:
        self._loop = asyncio.get_running_loop()
        self._store = store
        self._encoders = encoders
        self._runner = runner
        self._work = work
        self._card_keys = card_keys
        self._templates = templates
        self._drivers: dict[str, CardEncoder] = {}
        self._to_do: dict[str, asyncio.Queue[Task]] = {}
        self._batches: dict[str, tuple[str, Actor]] = {}
        encoders.watch(self._changed)

    def attach(self, driver: CardEncoder) -> None:
        """An encoder that cards can be spoken to through."""
        self._drivers[driver.name] = driver
        self._to_do[driver.name] = asyncio.Queue()

    @property
    def templates(self) -> CardTemplates:
        """How our data lies on each kind of card."""
        return self._templates

    def key_version(self) -> int | None:
        """The version that is written on cards; None before the site has keys. May block."""
        keys = self._card_keys.keys()
        return None if keys is None else keys.current

    def steps(self, job: JobView) -> Iterable[str]:
        """As encode_run.steps_of."""
        return steps_of(job, self._work)

    def following(self) -> Mapping[str, str]:
        """The batch whose next card each encoder waits for."""
        return {encoder: batch for encoder, (batch, _actor) in self._batches.items()}

    # --- What people ask ---------------------------------------------------------------------------

    def begin(self, encoder: str, job_id: str, actor: Actor) -> None:
        """Starts planned work with the card that lies there. Raises NotFoundError for an unknown encoder."""
        laid = self._laid(encoder)
        self._put(encoder, lambda: self._go_on(laid, job_id, actor))

    def follow(self, encoder: str, batch_id: str, actor: Actor) -> None:
        """From now on each blank card laid down is the next one of the batch, and the one that lies there already."""
        laid = self._laid(encoder)
        self._batches[encoder] = (batch_id, actor)
        self._put(encoder, lambda: self._promise(encoder))
        self._put(encoder, lambda: self._seen(laid))

    def unfollow(self, encoder: str) -> None:
        """Cards laid down are only looked at from now on, and other desks may have the next row."""
        batch = self._batches.pop(encoder, None)
        if batch is not None:
            self._put(encoder, lambda: self._give_back(encoder, *batch))

    def look_again(self, encoder: str) -> None:
        """As if the card had been laid down anew: after a failure that lifting would not mend."""
        laid = self._laid(encoder)
        self._put(encoder, lambda: self._seen(laid))

    # --- The workers -------------------------------------------------------------------------------

    def names(self) -> Iterable[str]:
        """The encoders, each of which wants a worker."""
        return self._to_do.keys()

    async def serve(self, encoder: str) -> None:
        """The worker of one encoder, until cancelled; what befalls it stops no other."""
        while True:
            task = await self._to_do[encoder].get()
            await task()

    def _changed(self, laid: LaidCard) -> None:
        if laid.card is not None and not laid.card.random_uid and laid.encoder in self._to_do:
            self._put(laid.encoder, lambda: self._seen(laid))

    def _laid(self, encoder: str) -> LaidCard:
        for laid in self._encoders.laid():
            if laid.encoder == encoder and encoder in self._drivers:
                return laid
        raise NotFoundError("There is no encoder %(encoder)s.", encoder=encoder[:40])

    def _put(self, encoder: str, task: Task) -> None:
        self._loop.call_soon_threadsafe(self._to_do[encoder].put_nowait, task)

    async def _seen(self, laid: LaidCard) -> None:
        """A card was laid down: its open work goes on, or it is looked at and may be the next of a batch."""
        uid = self._uid_there(laid)
        if uid is None:
            return
        try:
            job = await asyncio.to_thread(self._open_job, uid)
            if job is not None:
                await self._go_on(laid, job.id, _desk(laid.encoder))
                return
            found = await self._look(laid)
            if found.state is FoundState.BLANK and laid.encoder in self._batches:
                await self._next_of_batch(laid, found)
            elif found.state is FoundState.OURS:
                await self._renew(laid, found)
        except GatehouseError as error:
            self._encoders.not_found(laid, error)

    async def _look(self, laid: LaidCard) -> FoundCard:
        keys = await asyncio.to_thread(self._keys_for, laid)
        found = await self._work.look(self._drivers[laid.encoder].card(), keys, self._templates)
        self._encoders.found(laid, found)
        return found

    async def _renew(self, laid: LaidCard, found: FoundCard) -> None:
        """A card in use that carries old keys is written anew while it lies here: so a rotation comes to its end."""
        version = await asyncio.to_thread(self.key_version)
        order = None if version is None else await asyncio.to_thread(self._renewal, found, version)
        if version is None or order is None:
            return
        actor, templates = _desk(laid.encoder), self._templates
        job = await asyncio.to_thread(
            self._store.run, actor, lambda uow: encode_jobs.plan(uow, order, found, templates, version)
        )
        await self._go_on(laid, job.id, actor)

    def _renewal(self, found: FoundCard, version: int) -> Order | None:
        """None for a card that is not in use, or whose number belongs to another.

        A card can be ahead of the books: its renewal was given up after the last command.
        """
        with self._store.read() as conn:
            card = card_views.by_uid(conn, found.uid)
        if card is None or found.data is None or card.secure_number != found.data.number:
            return None
        if card.state is not CardState.ACTIVE or found.key_version == card.key_version == version:
            return None
        return Order(JobKind.REENCODE, card_id=card.id)

    # --- Batches -----------------------------------------------------------------------------------

    async def _next_of_batch(self, laid: LaidCard, found: FoundCard) -> None:
        batch, actor = self._batches[laid.encoder]
        version = await asyncio.to_thread(self.key_version)
        if version is None:
            raise ConflictError(NO_KEYS)

        def bind(uow: UnitOfWork) -> JobView | None:
            job = encode_jobs.next_in_batch(uow.conn, batch, encoder=laid.encoder, now=uow.now)
            return None if job is None else encode_jobs.bind(uow, job.id, found, self._templates, version)

        job = await asyncio.to_thread(self._store.run, actor, bind)
        if job is None:
            self._batches.pop(laid.encoder, None)
            return
        await self._go_on(laid, job.id, actor)
        await self._promise(laid.encoder)

    async def _promise(self, encoder: str) -> None:
        """The next row is this desk's before its card lies there: the page says whom to call."""
        batch = self._batches.get(encoder)
        if batch is None:
            return

        def take(uow: UnitOfWork) -> JobView | None:
            job = encode_jobs.next_in_batch(uow.conn, batch[0], encoder=encoder, now=uow.now)
            return None if job is None else encode_jobs.take(uow, job.id, encoder)

        await self._tried(batch[1], take)

    async def _give_back(self, encoder: str, batch: str, actor: Actor) -> None:
        def leave(uow: UnitOfWork) -> JobView | None:
            job = encode_jobs.next_in_batch(uow.conn, batch, encoder=encoder, now=uow.now)
            mine = job is not None and job.encoder == encoder and job.leased(uow.now)
            return encode_jobs.leave(uow, job.id, encoder) if mine and job is not None else None

        await self._tried(actor, leave)

    async def _tried(self, actor: Actor, act: Callable[[UnitOfWork], JobView | None]) -> None:
        """What a batch can do without: the lease of a row is a courtesy between desks."""
        try:
            job = await asyncio.to_thread(self._store.run, actor, act)
        except GatehouseError as error:
            _LOG.info("batch_row_not_taken", why=str(error))
            return
        if job is not None:
            self._runner.tell(job)

    async def _go_on(self, laid: LaidCard, job_id: str, actor: Actor) -> None:
        try:
            uid = self._uid_there(laid)
            job = await asyncio.to_thread(self._job, job_id)
            if uid is None or uid != job.uid:
                raise ConflictError("The card was taken off the encoder. Lay it back, and the work goes on.")
            card = self._drivers[laid.encoder].card()
            self._known(laid, await self._runner.run(job_id, laid.encoder, card, actor))
        except GatehouseError as error:
            self._encoders.not_found(laid, error)

    def _known(self, laid: LaidCard, job: JobView) -> None:
        """After the work nobody has to look: what stands on the card was read back."""
        plan = encode_jobs.plan_of(job)
        if job.state is JobState.ACTIVE:
            version = plan.data.key_version
            self._encoders.found(laid, FoundCard(plan.uid, plan.kind, FoundState.OURS, plan.data, version))
        elif job.state is JobState.DONE:
            self._encoders.found(laid, FoundCard(plan.uid, plan.kind, FoundState.BLANK))
        elif job.state is JobState.CANCELLED and job.why is not None:
            self._encoders.not_found(laid, CardRefusedError(job.why["template"], **job.why["params"]))

    def _uid_there(self, laid: LaidCard) -> bytes | None:
        """The UID of the card that was seen, if nothing changed on the encoder since."""
        return laid.card.uid if laid.card and self._laid(laid.encoder).version == laid.version else None

    def _keys_for(self, laid: LaidCard) -> CardKeys | None:
        """The keys of now, the likeliest for this card first: some kinds tell their version to nobody."""
        keys = self._card_keys.keys()
        if keys is None or laid.card is None:
            return keys
        with self._store.read() as conn:
            known = card_views.by_uid(conn, laid.card.uid)
        return replace(keys, likely=None if known is None else known.key_version)

    def _open_job(self, uid: bytes) -> JobView | None:
        with self._store.read() as conn:
            return encode_jobs.open_for_uid(conn, uid)

    def _job(self, job_id: str) -> JobView:
        with self._store.read() as conn:
            return encode_jobs.get(conn, job_id)


def _desk(encoder: str) -> Actor:
    """Who goes on with work because its card was laid down there."""
    return Actor(f"encoder:{encoder}", encoder, frozenset())
