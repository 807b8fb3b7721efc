"""A copy of a card's UID is known by its key alone, at gates that ask for the number in our application."""

import pytest
from sqlalchemy import event, update
from sqlalchemy.exc import ResourceClosedError

from gateway.domain.entitlement import BasisKind
from gateway.domain.identity import Identity, IdentityForm, identity_of_uid
from gateway.services import cards, presented, projection, site
from gateway.services.card_faces import CardFaces
from gateway.services.cards import CardView
from gateway.storage import tables
from gateway.storage.store import Committed
from tests.gateway.services.encode_stage import Desk, blank, secure_readers
from tests.gateway.services.small_compound import UID, Compound, uid

PORTAL = "main-in"
FACES = [
    IdentityForm.UID,
    IdentityForm.W26,
    IdentityForm.W26_REVERSED,
    IdentityForm.W34,
    IdentityForm.W34_REVERSED,
]


@pytest.fixture
def faces(compound: Compound) -> CardFaces:
    """As the daemon keeps them."""
    known = CardFaces(compound.keys.list)

    def committed(change: Committed) -> None:
        if change.lists:
            known.lists_changed()

    compound.store.subscribe(committed)
    return known


def by_key(compound: Compound, faces: CardFaces, identity: Identity, portal: str = PORTAL) -> CardView | None:
    with compound.store.read() as conn:
        return presented.imitated_key(conn, faces, compound.keys.list(identity), portal)


def by_identity(compound: Compound, identity: Identity, portal: str = PORTAL) -> CardView | None:
    with compound.store.read() as conn:
        return presented.imitated(conn, identity, portal)


@pytest.mark.parametrize("form", FACES)
def test_every_face_of_a_secured_card_points_to_it(compound: Compound, faces: CardFaces, form: IdentityForm) -> None:
    secure_readers(compound, "compound")
    identity = identity_of_uid(form, UID)
    assert identity is not None
    assert by_key(compound, faces, identity) is None
    job = Desk(compound).issued()
    for found in (by_identity(compound, identity), by_key(compound, faces, identity)):
        assert found is not None
        assert (found.id, found.unit) == (job.card_id, "3-1-502")


def test_a_stranger_imitates_nobody(compound: Compound, faces: CardFaces) -> None:
    secure_readers(compound, "compound")
    Desk(compound).issued()
    for identity in (Identity.uid("04FFFFFFFFFF80"), Identity.plate("粤B12345")):
        assert (by_identity(compound, identity), by_key(compound, faces, identity)) == (None, None)


def test_where_uids_are_listed_a_uid_is_the_card(compound: Compound, faces: CardFaces) -> None:
    """And a card that is not listed at all there is only a card without rights."""
    Desk(compound).issued()
    identity = Identity.uid(UID.hex())
    for portal in (PORTAL, "nowhere"):
        assert (by_identity(compound, identity, portal), by_key(compound, faces, identity, portal)) == (None, None)


def test_a_copy_is_a_copy_where_the_card_has_no_right(compound: Compound, faces: CardFaces) -> None:
    """Whoever tries it there has the UID and not the card all the same."""
    secure_readers(compound, "compound")
    job = Desk(compound).issued()
    with compound.desk() as uow:
        site.set_access_rule(uow, compound.keys, basis=BasisKind.RESIDENCE)
    with compound.store.read() as conn:
        assert "compound" not in projection.count_entries(conn)
    identity = Identity.uid(UID.hex())
    for found in (by_identity(compound, identity), by_key(compound, faces, identity)):
        assert found is not None
        assert found.id == job.card_id


def test_a_card_without_a_number_is_no_copy(compound: Compound, faces: CardFaces) -> None:
    secure_readers(compound, "compound")
    compound.issue()
    identity = Identity.uid(UID.hex())
    assert (by_identity(compound, identity), by_key(compound, faces, identity)) == (None, None)


def test_a_frozen_card_is_a_reported_card_and_no_copy(compound: Compound, faces: CardFaces) -> None:
    secure_readers(compound, "compound")
    job = Desk(compound).issued()
    identity = Identity.uid(UID.hex())
    assert by_key(compound, faces, identity) is not None
    assert job.card_id is not None
    with compound.desk() as uow:
        cards.freeze(uow, compound.keys, job.card_id, reason="incident")
    assert (by_identity(compound, identity), by_key(compound, faces, identity)) == (None, None)


def test_the_cards_are_looked_at_once_and_not_at_every_refusal(compound: Compound, faces: CardFaces) -> None:
    secure_readers(compound, "compound")
    desk = Desk(compound)
    for number in range(3):
        desk.issued(blank(uid(number)))
    said: list[str] = []
    event.listen(compound.store.engines.reader, "before_cursor_execute", lambda *told: said.append(told[2]))
    for number in range(20):
        assert by_key(compound, faces, Identity.uid(f"04FFFFFFFF{number:02x}80")) is None
    assert len([statement for statement in said if statement.startswith("SELECT")]) == 1
    assert by_key(compound, faces, Identity.uid(uid(1).hex())) is not None


def test_a_card_that_took_another_row_is_met_again(compound: Compound, faces: CardFaces) -> None:
    """A printed number whose card broke is given to another card: the old UID points to nobody."""
    secure_readers(compound, "compound")
    job = Desk(compound).issued()
    assert by_key(compound, faces, Identity.uid(UID.hex())) is not None
    with compound.desk() as uow:
        uow.conn.execute(update(tables.cards).where(tables.cards.c.id == job.card_id).values(uid=uid(9)))
    faces.lists_changed()
    assert by_key(compound, faces, Identity.uid(UID.hex())) is None
    found = by_key(compound, faces, Identity.uid(uid(9).hex()))
    assert found is not None
    assert found.id == job.card_id


def test_a_card_that_was_never_issued_imitates_nobody(compound: Compound, faces: CardFaces) -> None:
    """Its work was cancelled after the cards were looked at, and it left the books without a trace."""
    secure_readers(compound, "compound")
    desk = Desk(compound)
    job = desk.plan()
    identity = Identity.uid(UID.hex())
    assert by_key(compound, faces, identity) is None
    desk.cancel(job)
    assert by_key(compound, faces, identity) is None
    desk.issued()
    assert by_key(compound, faces, identity) is not None


def test_a_look_that_failed_is_made_again(compound: Compound, faces: CardFaces) -> None:
    """The store was away at the first refusal: the second one is not forgotten for that."""
    secure_readers(compound, "compound")
    job = Desk(compound).issued()
    key = compound.keys.list(Identity.uid(UID.hex()))
    with compound.store.read() as closed:
        pass
    with pytest.raises(ResourceClosedError):
        faces.cards_of(closed, key)
    with compound.store.read() as conn:
        assert faces.cards_of(conn, key) == [job.card_id]
