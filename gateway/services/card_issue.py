"""Handing out cards that are known by their UID: issue and replacement, each in one transaction.

Cards that must be written first take longer: gateway.services.encode_jobs.
"""

from gateway.domain.card import CardEvent, CardState
from gateway.domain.errors import RuleViolationError
from gateway.domain.person import Proof
from gateway.services import card_views, projection, site
from gateway.services.card_changes import move
from gateway.services.card_reserve import Handover, judge, take_card
from gateway.services.card_views import CardView
from gateway.services.keys import Keys
from gateway.storage.store import UnitOfWork


def issue(
    uow: UnitOfWork,
    keys: Keys,
    *,
    unit_id: int,
    person_id: int,
    uid: bytes,
    proof: Proof,
    number: str | None = None,
    kind: str = "uid",
    secure_number: bytes | None = None,
    receipt: str | None = None,
    waived: bool = False,
    beyond_quota: bool = False,
    valid_until: int | None = None,
    replaces_id: int | None = None,
) -> CardView:
    """Hands a card to someone of a household and opens their doors with it, in one transaction.

    ``uid`` was read from the card and read back by the encoder; ``number`` is printed on it (the
    next one is given without it). ``waived`` and ``beyond_quota`` need a supervisor's or manager's
    role; :func:`replace` sets ``replaces_id``. Raises RuleViolationError (R-CARD-1, 2, 3, 4, 8, 10, 12, 21)
    or ConflictError naming the holder.
    """
    handover = Handover(
        unit_id, person_id, proof, uid, number, kind, secure_number, receipt, waived, beyond_quota, valid_until,
        replaces_id,
    )  # fmt: skip
    ruling = judge(uow, handover, uow.actor)
    card_id = take_card(uow, handover, ruling, CardState.ACTIVE).card_id
    record_issue(uow, card_views.get(uow.conn, card_id), proof, beyond_quota=ruling.beyond_quota)
    projection.project_card(uow, keys, card_id)
    return card_views.get(uow.conn, card_id)


def record_issue(
    uow: UnitOfWork, card: CardView, proof: Proof, *, beyond_quota: bool, ordered_by: str | None = None
) -> None:
    """A card opens doors from now on: whose, and on what grounds.

    ``ordered_by``: the name of who ordered it, where an encoder finished the work later and stands as its actor.
    """
    uid = None if card.uid is None else card.uid.hex()
    after = {"state": CardState.ACTIVE, "valid_until": card.valid_until, "uid": uid}
    whose = {"unit": card.unit_id, "person": card.holder_id, "proof": proof, "beyond_quota": beyond_quota}
    money = {"receipt": card.receipt, "waived_by": card.waived_by, "replaces": card.replaces_id}
    ordered = {} if ordered_by is None else {"ordered_by": ordered_by}
    uow.record("card.issue", f"card:{card.id}", {"before": None, "after": after, **whose, **money, **ordered})


# --- Replacement ----------------------------------------------------------------------------------


def replace(
    uow: UnitOfWork,
    keys: Keys,
    old_id: int,
    *,
    uid: bytes,
    proof: Proof,
    number: str | None = None,
    kind: str = "uid",
    secure_number: bytes | None = None,
    receipt: str | None = None,
    waived: bool = False,
) -> CardView:
    """A new card for one that is lost or defective; the old one ends first, so that never both open (R-CARD-16).

    A defective card is exchanged free of charge within a month of its issue (R-CARD-17).
    """
    old, unit_id, person_id = replaceable(uow, old_id)
    move(uow, keys, old_id, ending_of(old))
    return issue(
        uow,
        keys,
        unit_id=unit_id,
        person_id=person_id,
        uid=uid,
        proof=proof,
        number=number,
        kind=kind,
        secure_number=secure_number,
        receipt=receipt or free_exchange(uow, old),
        waived=waived,
        replaces_id=old_id,
    )


def replaceable(uow: UnitOfWork, old_id: int) -> tuple[CardView, int, int]:
    """The lost or defective card, its unit and its holder. R-CARD-13, R-CARD-16."""
    old = card_views.get(uow.conn, old_id)
    if old.state not in {CardState.LOST, CardState.DEFECTIVE} or old.unit_id is None or old.holder_id is None:
        raise _not_replaceable(old)
    return old, old.unit_id, old.holder_id


def ending_of(old: CardView) -> CardEvent:
    """What happens to the old card when the new one opens."""
    return CardEvent.EXCHANGE if old.state is CardState.DEFECTIVE else CardEvent.CANCEL


def free_exchange(uow: UnitOfWork, old: CardView) -> str | None:
    """What stands in for a receipt where nothing is to be paid (R-CARD-17)."""
    days = site.describe(uow.conn).settings.free_exchange_days
    free = old.state is CardState.DEFECTIVE and old.issued_at is not None and uow.now < old.issued_at + days * 86400
    return "exchange" if free else None


def _not_replaceable(old: CardView) -> RuleViolationError:
    if old.state is CardState.PROVISIONAL_LOST:
        return RuleViolationError(
            "R-CARD-13",
            "Card %(number)s is only suspended. See the holder's identity card and confirm the loss, then replace it.",
            number=old.number,
        )
    return RuleViolationError(
        "R-CARD-16",
        "Card %(number)s is %(state)s. Record it as lost or defective first; then it can be replaced.",
        number=old.number,
        state=old.state,
    )
