"""A post is told what a slip is worth without changing anything, and lets the goods out exactly once."""

from collections.abc import Mapping
from dataclasses import replace

import pytest
from sqlalchemy import delete, func, select, update

from gateway.domain.errors import ConflictError, MalformedError, NotFoundError
from gateway.domain.slip import Item, SlipFlag
from gateway.domain.slip_verdict import Code, Colour
from gateway.services import release, slips
from gateway.services.slip_claims import claims_of
from gateway.services.slip_views import SlipView, Taken, Verdict
from gateway.signing.keys import SigningKey
from gateway.signing.slip_token import SlipKeys, encode, read
from gateway.storage import tables
from gateway.storage.store import SYSTEM, Store
from tests.gateway.services.slip_stage import (
    ALL,
    CLERK,
    GUARD,
    KEYS,
    Load,
    build,
    issued,
    look,
    number,
    release_id,
    token,
)
from tests.stores import NOW, SteppedClock

STRANGER = SlipKeys.of(SigningKey(bytes(32)), number=9)
HOUR = 3600


@pytest.fixture(autouse=True)
def compound(sqlite_store: Store) -> Store:
    build(sqlite_store)
    return sqlite_store


def resigned(store: Store, slip: SlipView, keys: SlipKeys = KEYS, **changes: object) -> str:
    """A token like the slip's, with other claims: what only a desk key can make."""
    with store.read() as conn:
        claims = claims_of(conn, slip)
    return encode(replace(claims, **changes), keys)  # type: ignore[arg-type]  # each is a field of SlipClaims


def counts(store: Store) -> Mapping[str, int]:
    watched = (tables.journal, tables.slip_movements, tables.alarms, tables.slips, tables.slip_rights)
    with store.read() as conn:
        return {table.name: conn.execute(select(func.count()).select_from(table)).scalar_one() for table in watched}


def alarms(store: Store) -> list[tuple[str, str]]:
    with store.read() as conn:
        rows = conn.execute(select(tables.alarms).where(tables.alarms.c.kind == "slip_presented")).all()
    return [(row.detail["code"], row.source) for row in rows]


def refuse(store: Store, text: str | None, *, refusal: str = "", slip_no: int | None = None) -> Verdict:
    with store.write(GUARD) as uow:
        return release.refuse(
            uow,
            KEYS,
            release_id=refusal or release_id(),
            post="north",
            reason="two sofas, not one",
            text=text,
            slip_no=slip_no,
        )


# --- Looking --------------------------------------------------------------------------------------


def test_good(compound: Store) -> None:
    """A good slip shows the guard what to compare, and nobody's name."""
    slip = issued(compound, plate="粤B12345")
    verdict = look(compound, token(slip))
    assert (verdict.code, verdict.colour, verdict.may_release) == (Code.OK, Colour.GREEN, True)
    assert (verdict.slip_no, verdict.unit, verdict.plate, verdict.home) == (1, "3-1-502", "粤B12345", "north")
    assert verdict.lines == slip.lines
    assert verdict.digest_tail == slip.digest_tail == slip.digest.hex()[-4:].upper()
    assert slip.applicant not in str(verdict)


def test_looking_changes_nothing(compound: Store) -> None:
    """However often a slip is looked at, no row is written."""
    slip = issued(compound)
    before = counts(compound)
    for text in (token(slip), "RS1:", "x", resigned(compound, slip, STRANGER), resigned(compound, slip, slip_no=9)):
        assert look(compound, text) == look(compound, text)
    assert counts(compound) == before


@pytest.mark.parametrize(
    ("text", "code", "colour"),
    [
        ("hello", Code.NOT_A_SLIP, Colour.GREY),
        ("RS2:XYZ", Code.VERSION_TOO_NEW, Colour.GREY),
        ("RS1:XYZ", Code.UNREADABLE, Colour.GREY),
    ],
)
def test_no_slip(compound: Store, text: str, code: Code, colour: Colour) -> None:
    """What is not read gets its own grey answer."""
    verdict = look(compound, text)
    assert (verdict.code, verdict.colour, verdict.may_release) == (code, colour, False)
    assert verdict.sentence


def test_keys(compound: Store) -> None:
    """A stranger's key, a stranger's signature under our key's name, and a withdrawn key."""
    slip = issued(compound)
    assert look(compound, resigned(compound, slip, STRANGER)).code is Code.UNKNOWN_KEY
    forged = SlipKeys(KEYS.kid, STRANGER.key, {})
    assert look(compound, resigned(compound, slip, forged)).code is Code.BAD_SIGNATURE
    withdrawn = SlipKeys(KEYS.kid, KEYS.key, {KEYS.kid: replace(KEYS.known[KEYS.kid], max_slip_no=0)})
    with compound.read() as conn:
        assert release.verify(conn, withdrawn, token(slip), post="north", now=NOW).code is Code.KEY_RETIRED


def test_malformed(compound: Store) -> None:
    """Our signature on nonsense: more lines than a slip has."""
    assert look(compound, resigned(compound, issued(compound), items=41)).code is Code.MALFORMED


def test_window(compound: Store) -> None:
    """Good from the first second of its minute to the last second before its end."""
    slip = issued(compound, expires_at=NOW + HOUR)
    start, end = NOW // 60 * 60, slip.expires_at or 0
    times = (start - 1, start, end - 1, end)
    expected = [Code.NOT_YET_VALID, Code.OK, Code.OK, Code.EXPIRED]
    assert [look(compound, token(slip), now=now).code for now in times] == expected


def test_gates(compound: Store) -> None:
    """The home gate and the gates named; any other is told where to go."""
    slip = issued(compound)
    assert look(compound, token(slip), post="south").code is Code.OK
    elsewhere = look(compound, token(slip), post="east")
    assert (elsewhere.code, elsewhere.home) == (Code.WRONG_GATE, "north")
    assert "北门" in elsewhere.sentence
    with pytest.raises(NotFoundError):
        look(compound, token(slip), post="west")


def test_another_compound(compound: Store) -> None:
    """Another compound's slip shows nothing of ours that bears the same number."""
    verdict = look(compound, resigned(compound, issued(compound), site=8, unit="9-9-999"))
    assert (verdict.code, verdict.unit, verdict.lines) == (Code.WRONG_SITE, "9-9-999", ())


def test_signed_but_unknown(compound: Store) -> None:
    """A slip that our key signed and our book does not know is the gravest of all."""
    verdict = look(compound, resigned(compound, issued(compound), slip_no=99))
    assert (verdict.code, verdict.must_report) == (Code.UNKNOWN_SLIP, True)


def test_cancelled(compound: Store) -> None:
    """A voided slip is red."""
    slip = issued(compound)
    with compound.write(CLERK) as uow:
        slips.void(uow, slip.id, "unused")
    assert look(compound, token(slip)).code is Code.CANCELLED
    assert Load(token(slip)).go(compound).code is Code.CANCELLED


def test_superseded(compound: Store) -> None:
    """An older revision than the book's."""
    slip = issued(compound)
    with compound.write(SYSTEM) as uow:
        uow.conn.execute(update(tables.slips).values(rev=1))
    assert look(compound, token(slip)).code is Code.SUPERSEDED


def test_no_right_here(compound: Store) -> None:
    """A right that lies elsewhere is not spent here."""
    slip = issued(compound)
    with compound.write(SYSTEM) as uow:
        uow.conn.execute(delete(tables.slip_rights))
    assert look(compound, token(slip)).code is Code.NO_RIGHT_HERE
    assert Load(token(slip)).go(compound).code is Code.NO_RIGHT_HERE


def test_altered_list(compound: Store) -> None:
    """A list changed in the book no longer fits what was signed."""
    slip = issued(compound)
    with compound.write(SYSTEM) as uow:
        uow.conn.execute(update(tables.slip_items).where(tables.slip_items.c.line == 1).values(name="冰箱"))
    assert look(compound, token(slip)).code is Code.LIST_MISMATCH


def test_typed_number(compound: Store) -> None:
    """A number typed for an unreadable code gives the same verdict; one that nobody has, or a draft's, is unknown."""
    slip = issued(compound)
    with compound.read() as conn:
        typed = release.verify_by_number(conn, KEYS, number(slip), post="north", now=NOW)
        assert typed == release.verify(conn, KEYS, token(slip), post="north", now=NOW)
        assert release.verify_by_number(conn, KEYS, 5, post="north", now=NOW).code is Code.UNKNOWN_SLIP
        for impossible in (0, -1, 2**32, 10**30):
            verdict = release.verify_by_number(conn, KEYS, impossible, post="north", now=NOW)
            assert verdict.code is Code.NOT_A_SLIP
        late = release.verify_by_number(conn, KEYS, number(slip), post="north", now=slip.expires_at or 0)
        assert late.code is Code.EXPIRED


def test_repaired_scan(compound: Store) -> None:
    """A scan under caps lock works, and says what to set right."""
    verdict = look(compound, token(issued(compound)).lower())
    assert (verdict.code, verdict.layout) == (Code.OK, "caps lock")


# --- Releasing ------------------------------------------------------------------------------------


def test_released_once(compound: Store, store_clock: SteppedClock) -> None:
    """The first load leaves; the second scan shows when, where, by whom and which plate, and alarms (R-SLIP-10)."""
    slip = issued(compound, plate="粤B12345")
    first = Load(token(slip), plate_seen="粤b·12345").go(compound)
    assert (first.code, first.colour) == (Code.RELEASED, Colour.GREEN)
    assert [line.remaining for line in first.lines] == [0, 0]
    store_clock.step(600)
    assert look(compound, token(slip), now=NOW + 600).code is Code.ALREADY_RELEASED
    assert alarms(compound) == []
    again = Load(token(slip), plate_seen="粤B12345", post="south").go(compound)
    assert (again.code, again.must_report) == (Code.ALREADY_RELEASED, True)
    (seen,) = again.evidence
    assert (seen.at, seen.post_name, seen.guard, seen.plate_seen) == (NOW, "北门", GUARD.name, "粤B12345")
    assert alarms(compound) == [(Code.ALREADY_RELEASED, "slip-no:1")]


def test_released_is_recorded(compound: Store) -> None:
    """The journal names the slip, the post and the lines."""
    slip = issued(compound)
    Load(token(slip)).go(compound)
    with compound.read() as conn:
        row = conn.execute(select(tables.journal).where(tables.journal.c.kind == "slip.released")).one()
    assert row.target == f"slip:{slip.id}"
    assert '"north"' in row.body
    assert GUARD.name not in row.body


def test_retry(compound: Store, store_clock: SteppedClock) -> None:
    """The same request gets the same answer, even after more has left; another body is a conflict."""
    slip = issued(compound, several_trips=True)
    load = Load(token(slip), (Taken(2, 5),))
    first = load.go(compound)
    store_clock.step(HOUR)
    Load(token(slip), (Taken(2, 7),)).go(compound)
    again = load.go(compound)
    assert again == first
    assert (first.repeat, again.repeat) == (False, True)
    for other in (replace(load, lines=(Taken(2, 6),)), replace(load, post="south"), replace(load, plate_seen="粤B1")):
        with pytest.raises(ConflictError):
            other.go(compound)
    assert counts(compound)["slip_movements"] == 2


def test_retry_spelled_otherwise(compound: Store) -> None:
    """An id with dashes and a plate with a dot are the same request."""
    load = Load(token(issued(compound, plate="粤B12345")), plate_seen="粤B12345", id="0" * 32)
    first = load.go(compound)
    spelled = replace(load, id="00000000-0000-0000-0000-000000000000", plate_seen="粤B·12345")
    assert spelled.go(compound) == first


@pytest.mark.parametrize(
    "lines",
    [
        (),
        (Taken(1, 1),),
        (Taken(1, 1), Taken(2, 11)),
        (Taken(1, 1), Taken(2, 13)),
        (*ALL, Taken(3, 1)),
        (*ALL, Taken(1, 1)),
        (Taken(1, 1), Taken(2, 12), Taken(2, -1)),
    ],
)
def test_different_goods(compound: Store, lines: tuple[Taken, ...]) -> None:
    """Less, more or other goods than listed stay, and nothing is spent (R-SLIP-8)."""
    slip = issued(compound)
    verdict = Load(token(slip), lines).go(compound)
    assert (verdict.code, verdict.colour) == (Code.LIST_MISMATCH, Colour.AMBER)
    assert look(compound, token(slip)).code is Code.OK


def test_several_trips(compound: Store) -> None:
    """Part by part when the slip says so, and never more than listed."""
    slip = issued(compound, several_trips=True)
    assert read(token(slip), KEYS.known).claims.flags == SlipFlag.SEVERAL_TRIPS
    assert Load(token(slip), (Taken(1, 1), Taken(2, 5))).go(compound).code is Code.RELEASED
    rest = look(compound, token(slip))
    assert (rest.code, rest.colour, rest.may_release) == (Code.PARTIAL_REMAINS, Colour.AMBER, True)
    assert [line.remaining for line in rest.lines] == [0, 7]
    for wrong in ((Taken(2, 8),), (Taken(1, 1), Taken(2, 7)), (Taken(2, -1),)):
        assert Load(token(slip), wrong).go(compound).code is Code.LIST_MISMATCH
    assert Load(token(slip), (Taken(1, 0), Taken(2, 7)), post="south").go(compound).code is Code.RELEASED
    assert [move.post for move in look(compound, token(slip)).evidence] == ["north", "south"]
    assert Load(token(slip), (Taken(2, 1),)).go(compound).code is Code.ALREADY_RELEASED


@pytest.mark.parametrize("seen", [None, "粤B99999"])
def test_plate(compound: Store, seen: str | None) -> None:
    """Another plate than the slip's, or none, stops the load until the guard says why (R-SLIP-11)."""
    slip = issued(compound, plate="粤B12345")
    verdict = Load(token(slip), plate_seen=seen).go(compound)
    assert (verdict.code, verdict.colour) == (Code.PLATE_MISMATCH, Colour.AMBER)
    assert "粤B12345" in verdict.sentence
    assert Load(token(slip), plate_seen=seen, override="first truck broke down").go(compound).code is Code.RELEASED
    (seen_then,) = look(compound, token(slip)).evidence
    assert seen_then.detail["override"] == "first truck broke down"


def test_release_repeats_the_checks(compound: Store, store_clock: SteppedClock) -> None:
    """What was good at the look may have expired at the release."""
    slip = issued(compound, expires_at=NOW + HOUR)
    assert look(compound, token(slip)).code is Code.OK
    store_clock.step(HOUR)
    assert Load(token(slip)).go(compound).code is Code.EXPIRED
    assert Load(token(slip), post="east").go(compound).code is Code.EXPIRED


def test_release_by_number(compound: Store) -> None:
    """A slip whose code cannot be read is released by its number."""
    slip = issued(compound)
    assert Load(None, slip_no=number(slip)).go(compound).code is Code.RELEASED
    assert look(compound, token(slip)).code is Code.ALREADY_RELEASED


def test_all_of_a_load_or_nothing(compound: Store) -> None:
    """When one line cannot be spent, no line is, and the guard is told that he lost a race."""
    slip = issued(compound)
    with compound.write(SYSTEM) as uow:
        uow.conn.execute(update(tables.slip_rights).where(tables.slip_rights.c.line == 2).values(quantity=11))
    assert Load(token(slip)).go(compound).code is Code.RACE_LOST
    assert [line.released for line in look(compound, token(slip)).lines] == [0, 0]
    assert alarms(compound) == [(Code.RACE_LOST, "slip-no:1")]


@pytest.mark.parametrize("bad", ["", "xyz", "0" * 31, "0" * 33])
def test_release_id(compound: Store, bad: str) -> None:
    """A release is named by 128 bits."""
    with pytest.raises(MalformedError) as refused:
        Load(token(issued(compound)), id=bad).go(compound)
    assert set(refused.value.fields) == {"release_id"}


def test_text_or_number(compound: Store) -> None:
    """Either a scan or a number, not both, not neither."""
    slip = issued(compound)
    for load in (Load(None), Load(token(slip), slip_no=1)):
        with pytest.raises(MalformedError):
            load.go(compound)


def test_events_are_numbered(compound: Store) -> None:
    """Each post counts its events one by one."""
    for post in ("north", "north", "south"):
        Load(token(issued(compound)), post=post).go(compound)
    refuse(compound, token(issued(compound)))
    with compound.read() as conn:
        rows = conn.execute(select(tables.slip_movements)).all()
    assert [(row.post, row.seq) for row in rows] == [("north", 1), ("north", 2), ("south", 1), ("north", 3)]


# --- Refusing -------------------------------------------------------------------------------------


def test_refused(compound: Store) -> None:
    """A refusal is an event of the slip; the slip stays good, and nobody is alarmed."""
    slip = issued(compound)
    assert refuse(compound, token(slip)).code is Code.REFUSED
    with compound.read() as conn:
        (event,) = slips.movements(conn, slip.id)
    assert (event.kind, event.detail["reason"]) == ("refuse", "two sofas, not one")
    assert look(compound, token(slip)).code is Code.OK
    assert alarms(compound) == []


def test_refused_twice(compound: Store) -> None:
    """The same refusal sent again is one event."""
    slip, refusal = issued(compound), release_id()
    assert refuse(compound, token(slip), refusal=refusal) == refuse(compound, token(slip), refusal=refusal)
    assert counts(compound)["slip_movements"] == 1
    with pytest.raises(ConflictError):
        refuse(compound, "RS1:", refusal=refusal)


def test_forged_slip_alarms(compound: Store) -> None:
    """A forgery is written down and told to the desk, also twice."""
    forged = resigned(compound, issued(compound), SlipKeys(KEYS.kid, STRANGER.key, {}))
    for _ in range(2):
        assert refuse(compound, forged).code is Code.REFUSED
    assert alarms(compound) == [(Code.BAD_SIGNATURE, "post:north")]
    assert counts(compound)["slip_movements"] == 2


def test_mistyped_number_does_not_alarm(compound: Store) -> None:
    """A signed slip that the book does not know alarms; a mistyped number does not."""
    assert refuse(compound, None, slip_no=77).code is Code.REFUSED
    assert alarms(compound) == []
    refuse(compound, resigned(compound, issued(compound), slip_no=77))
    assert alarms(compound) == [(Code.UNKNOWN_SLIP, "slip-no:77")]


def test_nothing_left_behind(compound: Store) -> None:
    """A list of forty lines leaves as a whole."""
    items = tuple(Item(line, f"箱 {line}", line) for line in range(1, 41))
    slip = issued(compound, items=items)
    everything = tuple(Taken(item.line, item.qty) for item in items)
    assert Load(token(slip), everything).go(compound).code is Code.RELEASED
