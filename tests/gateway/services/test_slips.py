"""A slip is written, agreed to, reviewed where it must be, issued with the next number, voided before goods leave."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import select, update

from gateway.domain.errors import ForbiddenError, GatehouseError, MalformedError, NotFoundError, RuleViolationError
from gateway.domain.slip import ConsentMethod, SlipKind, SlipState, Standing
from gateway.domain.slip_consent import Consent
from gateway.services import slips
from gateway.signing.slip_token import read
from gateway.storage import tables
from gateway.storage.store import SYSTEM, Store
from tests.gateway.services.slip_stage import (
    CLERK,
    IN_PERSON,
    ITEMS,
    KEYS,
    OTHER_CLERK,
    SITE,
    SUPERVISOR,
    Load,
    build,
    form,
    issued,
    number,
    token,
)
from tests.stores import NOW, SteppedClock

PHONE = Consent(ConsentMethod.PHONE, "李雷", NOW - 1800, identity_checked=True)
TENANT = {"kind": SlipKind.TENANT}


class PowerCutError(Exception):
    pass


@pytest.fixture(autouse=True)
def compound(sqlite_store: Store) -> Store:
    build(sqlite_store)
    return sqlite_store


def confirmed(store: Store, agreed: Consent = PHONE, **changes: object) -> int:
    """A slip that the clerk wrote and the owner agreed to; its id."""
    with store.write(CLERK) as uow:
        slip = slips.create(uow, **form(**changes))
        return slips.consent(uow, slip.id, agreed).id


def kinds(store: Store, slip_id: int) -> list[str]:
    with store.read() as conn:
        wanted = select(tables.journal.c.kind).where(tables.journal.c.target == f"slip:{slip_id}")
        return list(conn.execute(wanted.order_by(tables.journal.c.seq)).scalars())


def test_one_visit(compound: Store) -> None:
    """The owner in person gets number, token and the right at the home gate in one transaction."""
    slip = issued(compound, plate="粤b 12345", remarks=" 小心轻放 ")
    assert (slip.slip_no, slip.standing, slip.plate, slip.posts) == (1, Standing.ISSUED, "粤B12345", ("north", "south"))
    claims = read(token(slip), KEYS.known).claims
    assert (claims.site, claims.slip_no, claims.home, claims.gates) == (SITE, 1, 0, frozenset({0, 1}))
    assert (claims.unit, claims.plate, claims.items, claims.total_qty) == ("3-1-502", "粤B12345", 2, 13)
    assert claims.items_digest == slip.digest
    with compound.read() as conn:
        rights = conn.execute(select(tables.slip_rights)).all()
    assert [(right.line, right.post, right.quantity, right.released) for right in rights] == [
        (1, "north", 1, 0),
        (2, "north", 12, 0),
    ]
    assert kinds(compound, slip.id) == ["slip.created", "slip.consented", "slip.issued"]


def test_until_midnight(compound: Store, store_clock: SteppedClock) -> None:
    """Without another word a slip is good through 23:59 of the day of issue, at the site (R-SLIP-7)."""
    slip_id = confirmed(compound, IN_PERSON)
    store_clock.step(86_400)
    with compound.write(CLERK) as uow:
        slip = slips.issue(uow, slip_id, KEYS)
    through = datetime.fromtimestamp(slip.valid_through or 0, ZoneInfo("Asia/Shanghai"))
    assert f"{through:%H:%M %d}" == f"23:59 {datetime.fromtimestamp(NOW + 86_400, ZoneInfo('Asia/Shanghai')):%d}"


def test_chosen_end(compound: Store) -> None:
    """A chosen end is kept to the minute."""
    assert issued(compound, expires_at=NOW + 7230).expires_at == (NOW + 7230) // 60 * 60


def test_over_before_issued(compound: Store, store_clock: SteppedClock) -> None:
    """A slip whose end has come is not issued, and takes no number."""
    slip_id = confirmed(compound, IN_PERSON, expires_at=NOW + 600)
    store_clock.step(600)
    with pytest.raises(RuleViolationError, match="over before"), compound.write(CLERK) as uow:
        slips.issue(uow, slip_id, KEYS)
    assert issued(compound).slip_no == 1


@pytest.mark.parametrize(
    ("changes", "error", "field"),
    [
        ({"items": ()}, RuleViolationError, "items"),
        ({"applicant": "  "}, MalformedError, "applicant"),
        ({"remarks": "x" * 201}, MalformedError, "remarks"),
        ({"plate": "?"}, MalformedError, "plate"),
        ({"expires_at": NOW}, RuleViolationError, "expires_at"),
        ({"unit_id": 99}, NotFoundError, None),
        ({"post": "west"}, NotFoundError, None),
        ({"posts": ("west",)}, NotFoundError, None),
    ],
)
def test_incomplete_form(
    compound: Store, changes: dict[str, object], error: type[GatehouseError], field: str | None
) -> None:
    """What is missing is named, and nothing is kept."""
    with pytest.raises(error) as refused, compound.write(CLERK) as uow:
        slips.create(uow, **form(**changes))
    assert list(refused.value.fields) == ([field] if field else [])
    with compound.read() as conn:
        assert slips.list_slips(conn, now=NOW) == []


def test_no_issue_without_consent(compound: Store) -> None:
    """A draft is not issued, nor is a slip that the owner refused."""
    with compound.write(CLERK) as uow:
        draft = slips.create(uow, **form())
    with pytest.raises(RuleViolationError), compound.write(CLERK) as uow:
        slips.issue(uow, draft.id, KEYS)
    with compound.write(CLERK) as uow:
        assert slips.ask_owner(uow, draft.id).standing is Standing.AWAITING_CONSENT
        refused = slips.refuse_consent(uow, draft.id, by="李雷", reason="not my sofa")
        assert refused.state is SlipState.OWNER_REFUSED
    with pytest.raises(RuleViolationError), compound.write(CLERK) as uow:
        slips.issue(uow, draft.id, KEYS)


def test_consent_is_kept(compound: Store) -> None:
    """How, who and when the owner agreed stands on the slip; the token carries how and how long before."""
    slip_id = confirmed(compound)
    with compound.write(SUPERVISOR) as uow:
        slips.review(uow, slip_id)
        slip = slips.issue(uow, slip_id, KEYS)
    assert slip.consent == PHONE
    claims = read(token(slip), KEYS.known).claims
    assert (claims.consent, claims.consent_min_before) == (ConsentMethod.PHONE, 30)


def test_weak_consent(compound: Store) -> None:
    """Consent without a checked identity leaves the slip a draft (R-SLIP-3)."""
    with compound.write(CLERK) as uow:
        draft = slips.create(uow, **form())
    with pytest.raises(RuleViolationError) as refused, compound.write(CLERK) as uow:
        slips.consent(uow, draft.id, Consent(ConsentMethod.PHONE, "李雷", NOW))
    assert refused.value.rule == "R-SLIP-3"
    with compound.read() as conn:
        assert slips.get(conn, draft.id, now=NOW).state is SlipState.DRAFT


@pytest.mark.parametrize(
    ("agreed", "changes"), [(PHONE, {}), (IN_PERSON, TENANT), (IN_PERSON, {"kind": SlipKind.CONTRACTOR})]
)
def test_second_reader(compound: Store, agreed: Consent, changes: dict[str, object]) -> None:
    """Any but the owner's own slip waits for a reader who did not write it (R-SLIP-6)."""
    slip_id = confirmed(compound, agreed, **changes)
    with pytest.raises(RuleViolationError, match="reviews") as refused, compound.write(CLERK) as uow:
        slips.issue(uow, slip_id, KEYS)
    assert refused.value.rule == "R-SLIP-6"
    with pytest.raises(RuleViolationError, match="did not write"), compound.write(CLERK) as uow:
        slips.review(uow, slip_id)
    with compound.write(SUPERVISOR) as uow:
        review = slips.review(uow, slip_id).review
    assert review is not None
    assert (review.by, review.name, review.at) == (SUPERVISOR.id, SUPERVISOR.name, NOW)
    with compound.write(CLERK) as uow:
        assert slips.issue(uow, slip_id, KEYS).slip_no == 1


def test_review_comes_after_consent(compound: Store) -> None:
    """There is nothing to review before the owner agreed."""
    with compound.write(CLERK) as uow:
        draft = slips.create(uow, **form(**TENANT))
    with pytest.raises(RuleViolationError, match="after the owner"), compound.write(SUPERVISOR) as uow:
        slips.review(uow, draft.id)


@pytest.mark.parametrize(
    ("owing", "talked", "expected"),
    [(False, False, "clear"), (False, True, "clear"), (True, False, "owing"), (True, True, "owing_talked")],
)
def test_arrears_advise(compound: Store, *, owing: bool, talked: bool, expected: str) -> None:
    """Arrears are shown and the conversation recorded, but never hold anybody's belongings (R-SLIP-9)."""
    with compound.write(SYSTEM) as uow:
        uow.conn.execute(update(tables.units).values(arrears=owing))
    slip = issued(compound, arrears_talked=talked)
    assert (slip.arrears, slip.state) == (expected, SlipState.ISSUED)


def test_void(compound: Store) -> None:
    """An unused slip is voided by its writer, for a reason."""
    slip = issued(compound)
    with pytest.raises(MalformedError), compound.write(CLERK) as uow:
        slips.void(uow, slip.id, " ")
    with compound.write(CLERK) as uow:
        assert slips.void(uow, slip.id, "wrong plate").standing is Standing.CANCELLED
    assert kinds(compound, slip.id)[-1] == "slip.voided"


def test_void_by_others(compound: Store) -> None:
    """Another clerk may not void it, a supervisor may."""
    slip = issued(compound)
    with pytest.raises(ForbiddenError), compound.write(OTHER_CLERK) as uow:
        slips.void(uow, slip.id, "unused")
    with compound.write(SUPERVISOR) as uow:
        assert slips.void(uow, slip.id, "unused").state is SlipState.CANCELLED


def test_no_void_after_release(compound: Store) -> None:
    """What has left cannot be voided away."""
    slip = issued(compound)
    Load(token(slip)).go(compound)
    with pytest.raises(RuleViolationError), compound.write(CLERK) as uow:
        slips.void(uow, slip.id, "unused")


def test_void_when_expired(compound: Store, store_clock: SteppedClock) -> None:
    """An unused slip of yesterday is still voided, so that the count comes out."""
    slip = issued(compound)
    store_clock.step(86_400)
    with compound.write(CLERK) as uow:
        assert slips.get(uow.conn, slip.id, now=uow.now).standing is Standing.EXPIRED
        assert slips.void(uow, slip.id, "unused").state is SlipState.CANCELLED


def test_numbers_have_no_gaps(compound: Store) -> None:
    """A transaction that fails after taking a number gives it back (R-SLIP-2)."""
    assert number(issued(compound)) == 1
    with pytest.raises(PowerCutError), compound.write(CLERK) as uow:
        raise PowerCutError(slips.create_and_issue(uow, KEYS, IN_PERSON, **form()).slip_no)
    assert [number(issued(compound)) for _ in range(3)] == [2, 3, 4]


def test_lists(compound: Store) -> None:
    """Slips are listed newest first, by unit, post and state, a page at a time."""
    made = [issued(compound, post=post) for post in ("north", "south", "north")]
    with compound.write(CLERK) as uow:
        slips.void(uow, made[0].id, "unused")
    with compound.read() as conn:
        every = slips.list_slips(conn, now=NOW)
        assert [slip.id for slip in every] == [3, 2, 1]
        assert [line.item for line in every[0].lines] == list(ITEMS)
        assert [slip.id for slip in slips.list_slips(conn, now=NOW, post="north")] == [3, 1]
        assert [slip.id for slip in slips.list_slips(conn, now=NOW, unit_id=2)] == []
        assert [slip.id for slip in slips.list_slips(conn, now=NOW, states=[SlipState.CANCELLED])] == [1]
        assert [slip.id for slip in slips.list_slips(conn, now=NOW, before=3, limit=1)] == [2]
        assert [slip.id for slip in slips.list_slips(conn, now=NOW, after=1, limit=1)] == [2]
        assert slips.get_by_number(conn, 2, now=NOW) == every[1]
        with pytest.raises(NotFoundError):
            slips.get_by_number(conn, 9, now=NOW)
        with pytest.raises(NotFoundError):
            slips.get(conn, 9, now=NOW)
