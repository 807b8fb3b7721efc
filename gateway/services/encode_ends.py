"""How work on a card ends: the card opens doors, or goes back to what it was. Each end is one transaction."""

from typing import Any

from sqlalchemy import delete, func, select, update

from gateway.domain.card import CardEvent, CardState
from gateway.domain.card import next_state as next_card_state
from gateway.domain.encode_job import GRANTS, OPEN, JobEvent, JobKind, JobState, next_state
from gateway.domain.errors import ConflictError, RuleViolationError
from gateway.domain.person import Proof
from gateway.ports.cards import EncodePlan
from gateway.services import card_changes, card_views, projection
from gateway.services.card_issue import ending_of, record_issue, replaceable
from gateway.services.card_reserve import handed_over_unit, occupant_of
from gateway.services.card_views import CardView
from gateway.services.clockwork import day_of
from gateway.services.encode_views import JobView, lock, plan_of
from gateway.services.encode_work import LEFT, ours, refuse_leased, store
from gateway.services.keys import Keys
from gateway.storage import crash
from gateway.storage.store import UnitOfWork
from gateway.storage.tables import cards, encode_batches, encode_jobs

crash.register("encode.activated", "encode.wiped")


def finish(uow: UnitOfWork, keys: Keys, job_id: str, encoder: str) -> JobView:
    """The card was written and read back: it opens doors from this transaction on, and a replaced one no more.

    The rules are looked at once more, for the world went on while the card was written. Raises
    RuleViolationError (R-CARD-1, 2, 3, 4, 13, 16); then the work can only be cancelled.
    """
    job = ours(uow, job_id, encoder)
    state = next_state(job.state, JobEvent.FINISH)
    card, plan = _card_of(uow, job), plan_of(job)
    if job.what in GRANTS:
        _activate(uow, keys, job, card, plan)
    else:
        _rewrite(uow, keys, job, card, plan)
    done = end(uow, job, state, {"step": job.steps, "why": None})
    crash.crashpoint("encode.activated")
    return done


def _activate(uow: UnitOfWork, keys: Keys, job: JobView, card: CardView, plan: EncodePlan) -> None:
    _check_again(uow, card)
    if card.replaces_id is not None:
        old, _unit, _holder = replaceable(uow, card.replaces_id)
        card_changes.move(uow, keys, old.id, ending_of(old))
    _move(uow, card, CardEvent.ENCODE, CardEvent.ACTIVATE)
    written = {"key_version": plan.data.key_version, "valid_from": uow.now, "issued_at": uow.now}
    uow.conn.execute(update(cards).where(cards.c.id == card.id).values(written))
    proof, beyond_quota = Proof(job.order.proof or ""), job.wanted["beyond_quota"]
    issued = card_views.get(uow.conn, card.id)
    record_issue(uow, issued, proof, beyond_quota=beyond_quota, ordered_by=job.created_by)
    projection.project_card(uow, keys, card.id)


def _check_again(uow: UnitOfWork, card: CardView) -> None:
    if card.state is not CardState.RESERVED or card.unit_id is None or card.holder_id is None:
        raise ConflictError("Card %(number)s is %(state)s; cancel this work.", number=card.number, state=card.state)
    unit = handed_over_unit(uow.conn, card.unit_id)
    occupant_of(uow, unit, card.holder_id)
    if card.valid_until is not None and card.valid_until <= uow.now:
        raise RuleViolationError(
            "R-CARD-3",
            "The right to live here ended on %(end)s. Record the new lease first.",
            end=day_of(uow.conn, card.valid_until - 1),
        )


def _rewrite(uow: UnitOfWork, keys: Keys, job: JobView, card: CardView, plan: EncodePlan) -> None:
    """The same card with new keys, and with a number if it had none; its state is whatever it has become since."""
    number, version = plan.data.number, plan.data.key_version
    values = {"secure_number": number, "kind": plan.kind.value, "key_version": version, "rev": card.rev + 1}
    uow.conn.execute(update(cards).where(cards.c.id == card.id).values(values))
    body = {"before": {"key_version": card.key_version, "kind": card.kind}, "after": {"key_version": version}}
    uow.record(
        "card.reencode",
        f"card:{card.id}",
        {**body, "numbered": card.secure_number is None, "ordered_by": job.created_by},
    )
    projection.project_card(uow, keys, card.id)


def cancel(uow: UnitOfWork, job_id: str, encoder: str | None = None) -> JobView:
    """Gives work up. Before anything was written, everything is as before; after that, the card must be wiped.

    ``encoder``: where it is cancelled; another desk's work only after its lease. Raises ConflictError for a card
    that is written anew: it stays in use and has to be finished.
    """
    job = lock(uow, job_id)
    refuse_leased(uow, job, encoder)
    state = next_state(job.state, JobEvent.CANCEL)
    if state is JobState.WIPING:
        return _turn_to_wiping(uow, job)
    release(uow, job)
    return end(uow, job, state, {})


def _turn_to_wiping(uow: UnitOfWork, job: JobView) -> JobView:
    if job.what is JobKind.REENCODE:
        raise ConflictError(
            "Card %(number)s is in use and was left half-written. Lay it on an encoder and let it be finished; "
            "if it does not work any more, give this up and record it as defective.",
            number=job.card,
        )
    uow.record("encode.cancelled", f"encode_job:{job.id}", {"step": job.step, "card": job.card_id})
    return store(uow, job, JobState.WIPING, {"step": 0, "steps": 0, "why": None, **LEFT})


def wiped(uow: UnitOfWork, keys: Keys, job_id: str, encoder: str) -> JobView:
    """The card is as the factory made it: back in stock, where it was before, or out of the books (R-CARD-21)."""
    job = ours(uow, job_id, encoder)
    state = next_state(job.state, JobEvent.WIPED)
    if job.what in GRANTS:
        release(uow, job)
    elif job.card_id is not None:
        _to_stock(uow, keys, card_views.get(uow.conn, job.card_id))
    done = end(uow, job, state, {"step": job.steps, "why": None})
    crash.crashpoint("encode.wiped")
    return done


def _to_stock(uow: UnitOfWork, keys: Keys, card: CardView) -> None:
    values = {"secure_number": None, "key_version": None}
    if card.state is CardState.CANCELLED:
        card_changes.to_stock(uow, keys, card.id)
    uow.conn.execute(update(cards).where(cards.c.id == card.id).values(values))


def abandon(uow: UnitOfWork, job_id: str, encoder: str | None = None) -> JobView:
    """The card will not come back to any encoder: lost or broken half-way.

    A card that was never active is cancelled, so that it is known should it turn up; one that was written anew stays
    as it is, under its old number.
    """
    job = lock(uow, job_id)
    refuse_leased(uow, job, encoder)
    state = next_state(job.state, JobEvent.ABANDON)
    if job.what in GRANTS:
        _move(uow, _card_of(uow, job), CardEvent.ENCODE, CardEvent.CANCEL)
        uow.record("card.cancel", f"card:{job.card_id}", {"reason": "lost or broken while it was written"})
    return end(uow, job, state, {})


# --- The card behind the work ---------------------------------------------------------------------


def _card_of(uow: UnitOfWork, job: JobView) -> CardView:
    if job.card_id is None:
        raise ConflictError("Lay the card for this row on the encoder first.")
    return card_views.get(uow.conn, job.card_id)


def _move(uow: UnitOfWork, card: CardView, *events: CardEvent) -> None:
    state = card.state
    for event in events:
        state = next_card_state(state, event, number=card.number)
    values = {"state": state.value, "state_since": uow.now, "rev": card.rev + 1}
    uow.conn.execute(update(cards).where(cards.c.id == card.id).values(values))


def release(uow: UnitOfWork, job: JobView) -> None:
    """A reserved card goes back into stock as it was; one that was never there leaves the books without a trace."""
    if job.what not in GRANTS or job.card_id is None:
        return
    card = card_views.get(uow.conn, job.card_id)
    state = next_card_state(card.state, CardEvent.RELEASE, number=card.number)
    blank: dict[str, Any] | None = job.wanted["blank"]
    if blank is None:
        uow.conn.execute(update(encode_jobs).where(encode_jobs.c.id == job.id).values(card_id=None))
        uow.conn.execute(delete(cards).where(cards.c.id == card.id))
        return
    uid = None if blank["uid"] is None else bytes.fromhex(blank["uid"])
    nothing = dict.fromkeys(
        ("holder_id", "unit_id", "valid_until", "receipt", "waived_by", "replaces_id", "secure_number")
    )
    values = {**nothing, "uid": uid, "kind": blank["kind"], "state": state.value, "state_since": uow.now}
    uow.conn.execute(update(cards).where(cards.c.id == card.id).values(**values, rev=card.rev + 1))


# --- The end of the work --------------------------------------------------------------------------


def end(uow: UnitOfWork, job: JobView, state: JobState, changes: dict[str, Any]) -> JobView:
    """The work is over, and its batch with its last row."""
    uow.record(f"encode.{state.value}", f"encode_job:{job.id}", {"what": job.what, "card": job.card_id})
    done = store(uow, job, state, {**changes, **LEFT})
    if job.batch is not None:
        close_when_done(uow, job.batch)
    return done


def close_when_done(uow: UnitOfWork, batch_id: str) -> None:
    """A batch is over with its last row."""
    j = encode_jobs.c
    still = select(func.count()).where(j.batch_id == batch_id, j.state.in_([state.value for state in OPEN]))
    if uow.conn.execute(still).scalar_one() == 0:
        uow.conn.execute(update(encode_batches).where(encode_batches.c.id == batch_id).values(closed_at=uow.now))
