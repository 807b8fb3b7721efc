"""One piece of work on the card that lies on an encoder, from the intent to the active card."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Final

import structlog

from gateway.domain.encode_job import GRANTS, JobState
from gateway.domain.errors import ConflictError, GatehouseError
from gateway.ports import DeviceError
from gateway.ports.cards import (
    CardError,
    CardForeignError,
    CardKeys,
    CardKindError,
    CardLockedError,
    CardTransport,
    CardWork,
    FoundState,
    OnStep,
)
from gateway.runtime.card_book import CardKeySource
from gateway.runtime.hub import EventHub
from gateway.services import encode_jobs
from gateway.services.encode_jobs import JobView
from gateway.services.keys import Keys
from gateway.storage.store import Actor, Store, UnitOfWork

NO_KEYS: Final = "The site has no card keys yet. Make them with “gatehouse keys init”, then lay the card down again."
_LOG: Final = structlog.get_logger(__name__)


class EncodeRunner:
    """Runs jobs. Every change of a job is durable before the next command goes to the card. News: ``encode_job``."""

    def __init__(self, store: Store, keys: Keys, card_keys: CardKeySource, work: CardWork, hub: EventHub) -> None:
        self._store = store
        self._keys = keys
        self._card_keys = card_keys
        self._work = work
        self._hub = hub

    async def run(self, job_id: str, encoder: str, card: CardTransport, actor: Actor) -> JobView:
        """Brings a job to its end, or to a state from which the next tap goes on.

        Raises GatehouseError when it cannot begin: another desk has it, there are no keys, the store is away.
        """
        keys = await asyncio.to_thread(self._card_keys.keys)
        if keys is None:
            raise ConflictError(NO_KEYS)
        at_work = _AtWork(self._store, actor, job_id, encoder, self.tell)
        job = await at_work.change(lambda uow: encode_jobs.take(uow, job_id, encoder))
        try:
            return await (self._wipe if job.wipes else self._write)(at_work, job, card, keys)
        except (CardForeignError, CardKindError, CardLockedError) as error:
            return await self._turned_away(at_work, job, card, keys, error)
        except GatehouseError as error:
            return await self._failed(at_work, job, error)

    async def _write(self, at_work: "_AtWork", job: JobView, card: CardTransport, keys: CardKeys) -> JobView:
        plan, keys_of_site = encode_jobs.plan_of(job), self._keys
        await at_work.start(len(steps_of(job, self._work)))
        await self._work.personalise(card, plan, keys, at_work.mark)
        await at_work.change(lambda uow: encode_jobs.verifying(uow, job.id, at_work.encoder))
        return await at_work.change(lambda uow: encode_jobs.finish(uow, keys_of_site, job.id, at_work.encoder))

    async def _wipe(self, at_work: "_AtWork", job: JobView, card: CardTransport, keys: CardKeys) -> JobView:
        plan, keys_of_site = encode_jobs.plan_of(job), self._keys
        await at_work.start(len(steps_of(job, self._work)))
        await self._work.wipe(card, plan, keys, at_work.mark)
        return await at_work.change(lambda uow: encode_jobs.wiped(uow, keys_of_site, job.id, at_work.encoder))

    async def _turned_away(
        self, at_work: "_AtWork", job: JobView, card: CardTransport, keys: CardKeys, error: CardError
    ) -> JobView:
        """The card opened to none of our keys. If nothing of ours is on it, the work is over and nobody has it."""
        if job.state is not JobState.PLANNED or job.what not in GRANTS:
            return await self._failed(at_work, job, error)
        try:
            found = await self._work.look(card, keys, encode_jobs.plan_of(job).templates)
        except DeviceError:
            return await self._failed(at_work, job, error)
        if found.state in {FoundState.OURS, FoundState.TORN}:
            return await self._failed(at_work, job, error)
        return await at_work.change(lambda uow: encode_jobs.refused(uow, job.id, at_work.encoder, error))

    @staticmethod
    async def _failed(at_work: "_AtWork", job: JobView, error: GatehouseError) -> JobView:
        """Puts down why. A store that is away now says the same later, when the lease ends."""
        _LOG.info("encode_job_failed", job=job.id, encoder=at_work.encoder, why=str(error))
        try:
            return await at_work.change(lambda uow: encode_jobs.fail(uow, job.id, at_work.encoder, error))
        except GatehouseError as second:
            _LOG.warning("encode_failure_not_recorded", job=job.id, why=str(second))
            raise error from second

    def tell(self, job: JobView) -> None:
        """News of a job."""
        self._hub.publish("encode_job", as_json(job, self._work))


class _AtWork:
    """One desk at one job: its transactions, each of them told to the pages."""

    def __init__(self, store: Store, actor: Actor, job_id: str, encoder: str, tell: Callable[[JobView], None]) -> None:
        self._store = store
        self._actor = actor
        self._job_id = job_id
        self._tell = tell
        self.encoder = encoder
        self.mark: OnStep = self._mark

    async def start(self, steps: int) -> None:
        """The intent."""
        await self.change(lambda uow: encode_jobs.start(uow, self._job_id, self.encoder, steps))

    async def _mark(self, step: int) -> None:
        await self.change(lambda uow: encode_jobs.mark(uow, self._job_id, self.encoder, step))

    async def change(self, act: Callable[[UnitOfWork], JobView]) -> JobView:
        """One transaction, on a thread."""
        job = await asyncio.to_thread(self._store.run, self._actor, act)
        self._tell(job)
        return job


def steps_of(job: JobView, work: CardWork) -> Sequence[str]:
    """What is done to the card, step by step; nothing before it is known which card."""
    if job.plan is None:
        return ()
    return (work.wipe_steps if job.wipes else work.steps)(encode_jobs.plan_of(job))


def as_json(job: JobView, work: CardWork) -> Mapping[str, object]:
    """For the event stream: no names of people. What interrupted it may name some: the job itself tells it."""
    steps = steps_of(job, work)
    return {
        "id": job.id,
        "what": job.what,
        "state": job.state,
        "step": job.step,
        "steps": job.steps,
        "step_name": steps[job.step] if job.step < len(steps) else "",
        "uid": None if job.uid is None else job.uid.hex(),
        "kind": job.kind,
        "card": job.card_id,
        "encoder": job.encoder,
        "batch": job.batch,
        "failed": job.why is not None,
        "rev": job.rev,
    }
