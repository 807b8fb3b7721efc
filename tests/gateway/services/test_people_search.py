"""One field finds a household by name, unit, phone tail, card or plate."""

import pytest
from sqlalchemy import insert

from gateway.services import cards
from gateway.services.people_search import HitKind, search
from gateway.storage.tables import posts, slips
from tests.gateway.services.small_compound import Compound


@pytest.mark.parametrize(
    ("text", "kind", "found"),
    [
        ("李娜", HitKind.PERSON, "李娜"),
        ("娜", HitKind.PERSON, "李娜"),
        ("3-1-502", HitKind.UNIT, "3-1-502"),
        ("3-1-5", HitKind.UNIT, "3-1-502"),
        ("1234", HitKind.PHONE, "李娜"),
        ("0417", HitKind.CARD, "0417"),
        ("粤B 12345", HitKind.PLATE, "粤B12345"),
    ],
)
def test_each_way_leads_to_the_household(compound: Compound, text: str, kind: HitKind, found: str) -> None:
    compound.issue(number="0417")
    with compound.desk() as uow:
        uow.conn.execute(insert(posts).values(id="north", number=0, name="北门"))
        row = {"kind": "household", "state": "draft", "applicant": "李娜", "post": "north", "posts": []}
        uow.conn.execute(
            insert(slips).values(
                **row, unit_id=compound.unit, plate="粤B12345", created_at=uow.now, created_by="user:1"
            )
        )
    with compound.store.read() as conn:
        hits = search(conn, f" {text} ")
    assert [(hit.kind, hit.text, hit.unit) for hit in hits] == [(kind, found, "3-1-502")]


@pytest.mark.parametrize("text", ["", "  ", "%", "_", "张三", "9999", "0417"])
def test_nothing_is_found_where_nothing_is(compound: Compound, text: str) -> None:
    with compound.store.read() as conn:
        assert search(conn, text) == []


def test_a_cancelled_card_leads_nowhere(compound: Compound) -> None:
    card = compound.issue(number="0417")
    with compound.desk() as uow:
        cards.cancel(uow, compound.keys, card.id, reason="moved")
    with compound.store.read() as conn:
        assert search(conn, "0417") == []
