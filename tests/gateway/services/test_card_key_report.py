"""How far a rotation is: which cards still carry older keys, whose they are, and what work needs them."""

from gateway.services import cards
from gateway.services.card_key_report import cards_on_old, count_by_version, open_work_with
from tests.gateway.services.encode_stage import VERSION, Desk, blank
from tests.gateway.services.small_compound import Compound, uid


def test_cards_on_older_keys_are_counted_and_named(compound: Compound) -> None:
    desk = Desk(compound)
    first = desk.issued(blank(uid(1)))
    desk.version = VERSION + 1
    desk.issued(blank(uid(2)))
    compound.issue(uid(3))
    with compound.store.read() as conn:
        counted, old = count_by_version(conn), cards_on_old(conn, VERSION + 1)
    assert counted == {VERSION: 1, VERSION + 1: 1}
    assert [(card.id, card.holder, card.unit) for card in old] == [(first.card_id, "李娜", "3-1-502")]


def test_a_card_that_nobody_holds_does_not_count(compound: Compound) -> None:
    first = Desk(compound).issued()
    assert first.card_id is not None
    with compound.desk() as uow:
        cards.return_card(uow, compound.keys, first.card_id)
        assert count_by_version(uow.conn) == {}


def test_work_under_way_needs_its_keys(compound: Compound) -> None:
    desk = Desk(compound)
    job = desk.plan()
    with compound.store.read() as conn:
        assert (open_work_with(conn, VERSION), open_work_with(conn, VERSION + 1)) == (1, 0)
    desk.cancel(job)
    with compound.store.read() as conn:
        assert open_work_with(conn, VERSION) == 0
