"""Whatever happens to households and cards, the lists say exactly what the rules give."""

import threading
from collections import defaultdict
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule
from sqlalchemy import event, select

from gateway.domain.card import CardState
from gateway.domain.entitlement import BasisKind
from gateway.domain.errors import ConflictError, RuleViolationError
from gateway.domain.identity import Identity, IdentityForm, IdentityKind, identity_of_uid
from gateway.domain.issuance import Consent
from gateway.domain.person import Proof, Relation
from gateway.domain.whitelist import EXIT_ONLY, Terms, Whitelist
from gateway.services import cards, occupancy, projection, site
from gateway.services.cards import CardView, Channel
from gateway.services.sweep import sweep
from gateway.storage.store import Store
from gateway.storage.tables import list_entries, schedules
from tests.gateway.services.small_compound import DAY, SUPERVISOR, UID, Compound, build, uid
from tests.stores import SteppedClock

# --- The model: a dozen lines that know the rules and nothing of tables ---------------------------

FORMS = {
    "compound": (IdentityForm.UID,),
    "b1": (IdentityForm.UID,),
    "b3": (IdentityForm.UID,),
    "garage": (IdentityForm.UID, IdentityForm.W26),
}


@dataclass
class ModelHome:
    """A basis as the model knows it."""

    unit_area: str
    tenancy: bool
    start: int
    end: int
    agreed: bool = True
    ended: bool = False


@dataclass
class Model:
    """Who has which homes and cards; what each kind of basis gives in common."""

    common: dict[bool, tuple[str, ...]] = field(
        default_factory=lambda: {False: ("compound", "garage"), True: ("compound",)}
    )
    flags: dict[bool, int] = field(default_factory=lambda: {False: 0, True: 0})
    homes: dict[int, list[ModelHome]] = field(default_factory=lambda: defaultdict(list))

    def admitted(self, person: int, area: str, at: int) -> set[int]:
        """The flags of the rights in force; empty when there is none."""
        return {
            self.flags[home.tenancy]
            for home in self.homes[person]
            if home.agreed
            and not home.ended
            and home.start <= at < home.end
            and area in (*self.common[home.tenancy], home.unit_area)
        }


@dataclass
class Tie:
    """Someone's place in a household: the occupant's id, and the model's idea of it."""

    occupant: int
    person: int
    unit: int
    home: ModelHome


@cache
def built() -> tuple[bytes, Compound]:
    """An SQLite file with the small compound, made once and copied for each life."""
    with TemporaryDirectory() as directory:
        path = Path(directory) / "gatehouse.db"
        store = Store(f"sqlite:///{path}", clock=SteppedClock(), boot="b")
        store.migrate()
        compound = build(store, SteppedClock())
        second = compound.unit_of("1-1-101", "b1")
        compound.settle(compound.li_na, Relation.OWNER, unit=second)
        compound.person("某人")
        compound.person("某某")
        store.close()
        return path.read_bytes(), compound


class Households(RuleBasedStateMachine):
    """Random lives of two people in two units; after each step every list admits whom the model admits."""

    ties: Bundle[Tie] = Bundle("ties")
    issued: Bundle[int] = Bundle("issued")

    def __init__(self) -> None:
        super().__init__()
        self.dir = TemporaryDirectory()
        path = Path(self.dir.name) / "gatehouse.db"
        whole, compound = built()
        path.write_bytes(whole)
        self.clock = SteppedClock()
        store = Store(f"sqlite:///{path}", clock=self.clock, boot="b")
        self.compound = replace(compound, store=store, clock=self.clock)
        self.units = {compound.unit: "b3", compound.new_unit + 1: "b1"}
        self.people = [compound.li_na + 1, compound.li_na + 2]
        self.model = Model()
        self.uids = iter(range(1, 1000))

    def teardown(self) -> None:
        self.compound.store.close()
        self.dir.cleanup()

    @property
    def now(self) -> int:
        return int(self.clock.now)

    @initialize(
        target=ties,
        which=st.tuples(st.integers(0, 1), st.integers(0, 1)),
        starts=st.tuples(st.integers(0, 2), st.integers(0, 2)),
        lasts=st.tuples(st.integers(1, 9), st.integers(1, 9)),
    )
    def two_homes(self, which: tuple[int, int], starts: tuple[int, int], lasts: tuple[int, int]) -> Any:
        """One person belongs to both units from the start: rights to unite."""
        person, kind = which
        return multiple(
            self.settle((person, 0), tenant=False, agreed=True, starts=starts[0], lasts=lasts[0]),
            self.settle((person, 1), tenant=bool(kind), agreed=True, starts=starts[1], lasts=lasts[1]),
        )

    @rule(
        target=ties,
        which=st.tuples(st.integers(0, 1), st.integers(0, 1)),
        tenant=st.booleans(),
        agreed=st.booleans(),
        starts=st.integers(0, 3),
        lasts=st.integers(1, 9),
    )
    def settle(self, which: tuple[int, int], *, tenant: bool, agreed: bool, starts: int, lasts: int) -> Any:
        person, unit = self.people[which[0]], list(self.units)[which[1]]
        start, end = self.now + starts * DAY, self.now + (starts + lasts) * DAY
        owner = Consent(self.compound.li_na, Proof.PHONE_TO_OWNER, self.now)
        try:
            with self.compound.desk() as uow:
                tie = occupancy.add_occupant(
                    uow,
                    self.compound.keys,
                    unit_id=unit,
                    person_id=person,
                    relation=Relation.TENANT if tenant else Relation.FAMILY,
                    proof=Proof.LEASE if tenant else Proof.OWNER_FILE,
                    valid_from=start,
                    valid_until=end,
                    consent=owner if tenant and agreed else None,
                )
        except ConflictError:  # on file already
            return multiple()
        home = ModelHome(self.units[unit], tenant, start, end, agreed or not tenant)
        self.model.homes[person].append(home)
        return Tie(tie.id, person, unit, home)

    @rule(tie=ties)
    def move_out(self, tie: Tie) -> None:
        if tie.home.ended:
            return
        with self.compound.desk() as uow:
            occupancy.end_occupancy(uow, self.compound.keys, tie.occupant, "moved out")
        tie.home.ended = True

    @rule(target=issued, tie=ties, days=st.one_of(st.none(), st.integers(1, 9)))
    def issue(self, tie: Tie, days: int | None) -> Any:
        until = None if days is None or tie.home.end < self.now + days * DAY else self.now + days * DAY
        try:
            return self.compound.issue(
                uid(next(self.uids)), person=tie.person, unit=tie.unit, beyond_quota=True, valid_until=until
            ).id
        except RuleViolationError:  # moved out, lease over, no consent, too long
            return multiple()

    @rule(card=issued, act=st.sampled_from(["freeze", "unfreeze", "lose", "find", "cancel", "confiscate", "restore"]))
    def happen(self, card: int, act: str) -> None:
        keys = self.compound.keys
        try:
            with self.compound.desk() as uow:
                if act == "lose":
                    cards.report_loss(uow, keys, card, provisional=True, reporter="", channel=Channel.PHONE)
                elif act == "find":
                    cards.withdraw_loss(uow, keys, card, holder_verified=True)
                elif act in {"freeze", "cancel", "confiscate"}:
                    getattr(cards, act)(uow, keys, card, reason="so it is")
                else:
                    getattr(cards, act)(uow, keys, card)
        except RuleViolationError:  # not in this state
            return

    @rule(tenancy=st.booleans(), everywhere=st.booleans(), exit_only=st.booleans())
    def rules_change(self, *, tenancy: bool, everywhere: bool, exit_only: bool) -> None:
        common = ("compound", "garage") if everywhere else ("compound",)
        flags = EXIT_ONLY if exit_only else 0
        basis = BasisKind.TENANCY if tenancy else BasisKind.RESIDENCE
        with self.compound.desk() as uow:
            site.set_access_rule(uow, self.compound.keys, basis=basis, common_areas=common, flags=flags)
        self.model.common[tenancy], self.model.flags[tenancy] = common, flags

    @rule(days=st.integers(1, 4))
    def time_passes(self, days: int) -> None:
        self.clock.step(days * DAY)
        with self.compound.desk() as uow:
            sweep(uow, self.compound.keys)

    @invariant()
    def lists_say_what_the_rules_give(self) -> None:
        lists = self.compound.lists()
        with self.compound.store.read() as conn:
            known = cards.list_cards(conn, limit=500, state=CardState.ACTIVE)
        for area, forms in FORMS.items():
            expected = {key for card in known for key in self._check(card, area, forms, lists[area])}
            assert {key for key, _terms in lists[area]} == expected

    def _check(self, card: CardView, area: str, forms: tuple[IdentityForm, ...], whitelist: Whitelist) -> set[bytes]:
        """The keys that one card must have on one list: those it may pass with, now or later."""
        assert card.uid is not None
        assert card.holder_id is not None
        keys = {self.compound.keys.list(i) for i in projection.identities_of(forms, card.uid, None)}
        rights = {at: self._admitted(card, area, at) for at in range(self.now, self.now + 15 * DAY, DAY)}
        for key in keys:
            terms = whitelist.get(key)
            for at, flags in rights.items():
                inside = terms is not None and terms.valid_from <= at < terms.valid_until
                if at == self.now:
                    assert inside == bool(flags), "who has a right now is admitted now"
                if inside:
                    assert flags, "a list never admits whom no basis admits"
                    assert terms is not None
                    assert terms.flags == min(flags)
        return keys if any(rights.values()) else set()

    def _admitted(self, card: CardView, area: str, at: int) -> set[int]:
        assert card.holder_id is not None
        assert card.valid_until is not None
        return self.model.admitted(card.holder_id, area, at) if at < card.valid_until else set()


Households.TestCase.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestHouseholds = Households.TestCase


# --- Cases worth a name ---------------------------------------------------------------------------


def entries(compound: Compound) -> list[Any]:
    with compound.store.read() as conn:
        return list(conn.execute(select(list_entries).order_by(list_entries.c.list, list_entries.c.key)))


def test_everybody_projected_again_is_nothing_new(compound: Compound) -> None:
    """The quick path and the bulk path agree."""
    compound.issue(UID)
    compound.issue(uid(2))
    before = entries(compound)
    with compound.desk() as uow:
        assert projection.project_everybody(uow, compound.keys) == set()
    assert entries(compound) == before


def test_tenant_and_owner_overlap_in_one_entry(compound: Compound) -> None:
    other = compound.unit_of("1-1-101", "b1")
    both = compound.person("孙悦")
    compound.settle(both, Relation.OWNER, unit=other)
    compound.let(both, days=100)
    card = compound.issue(person=both, unit=other)
    assert compound.opens(UID) == {"compound", "garage", "b1", "b3"}
    assert compound.terms(UID, "compound") == Terms(int(compound.clock.now), card.valid_until or 0)
    lease = compound.terms(UID, "b3")
    assert lease is not None
    assert lease.valid_until == int(compound.clock.now) + 100 * DAY


def test_two_schedules_become_their_union(compound: Compound) -> None:
    """A helper by day in one home and by evening in another is admitted by a schedule of both."""
    with compound.desk() as uow:
        day = site.add_schedule(uow, name="day", weekdays=[((480, 720),)] * 7)
        evening = site.add_schedule(uow, name="evening", weekdays=[((1080, 1200),)] * 7)
        for basis, number in ((BasisKind.RESIDENCE, day.number), (BasisKind.TENANCY, evening.number)):
            site.set_access_rule(uow, compound.keys, basis=basis, common_areas=("compound",), schedule=number)
    both = compound.person("孙悦")
    compound.settle(both)
    compound.let(both)
    with compound.store.read() as conn:
        version = site.describe(conn).calendar_version
    compound.issue(person=both)
    terms = compound.terms(UID, "compound")
    assert terms is not None
    with compound.store.read() as conn:
        row = conn.execute(select(schedules).where(schedules.c.number == terms.schedule)).one()
        assert site.describe(conn).calendar_version == version + 1
    assert row.weekdays[0] == [[480, 720], [1080, 1200]]


def test_other_readers_list_everybody_anew(compound: Compound) -> None:
    compound.issue()
    with compound.desk() as uow:
        site.set_area_forms(uow, compound.keys, "compound", [IdentityForm.W34, IdentityForm.W34_REVERSED])
    compound_list = compound.lists()["compound"]
    for form in (IdentityForm.W34, IdentityForm.W34_REVERSED):
        identity = identity_of_uid(form, UID)
        assert identity is not None
        assert compound.keys.list(identity) in compound_list
    assert len(compound_list) == 2


def test_a_number_that_passes_to_another_card_is_dropped_first(compound: Compound) -> None:
    """One rule change takes a Wiegand number from one card and gives it to the next."""
    tenant = compound.person("孙悦")
    compound.let(tenant)
    compound.issue(bytes.fromhex("5630F009"))
    compound.issue(bytes.fromhex("5630F0AA"), person=tenant)
    assert len(compound.lists()["garage"]) == 2
    with compound.desk() as uow, pytest.raises(ConflictError):
        site.set_access_rule(uow, compound.keys, basis=BasisKind.TENANCY, common_areas=("compound", "garage"))
    with compound.desk() as uow:
        site.set_access_rule(uow, compound.keys, basis=BasisKind.RESIDENCE, common_areas=("compound",))
        site.set_access_rule(uow, compound.keys, basis=BasisKind.TENANCY, common_areas=("compound", "garage"))
    assert compound.opens(bytes.fromhex("5630F0AA")) == {"compound", "b3", "garage"}
    assert compound.opens(bytes.fromhex("5630F009")) == {"compound", "b3"}


def test_two_new_cards_that_collide_are_named(compound: Compound) -> None:
    """R-CARD-12 in a bulk change, where neither stands on the list yet."""
    tenants = [compound.person("孙悦"), compound.person("钱多")]
    for number, tenant in enumerate(tenants):
        compound.let(tenant)
        compound.issue(bytes.fromhex("5630F0") + bytes((number,)), person=tenant)
    with compound.desk() as uow, pytest.raises(ConflictError, match="0002 from card 0001"):
        site.set_access_rule(uow, compound.keys, basis=BasisKind.TENANCY, common_areas=("garage",))


def test_one_card_takes_few_statements(compound: Compound) -> None:
    """Six questions, then four or five statements for each list that changes."""
    card = compound.issue()
    said: list[str] = []

    def listen(*args: Any) -> None:
        said.append(args[2])

    event.listen(compound.store.engines.writer, "before_cursor_execute", listen)
    with compound.desk() as uow:
        projection.project_card(uow, compound.keys, card.id)
    unchanged = len(said)
    said.clear()
    with compound.desk() as uow:
        cards.freeze(uow, compound.keys, card.id, reason="incident")
    assert unchanged <= 9
    assert len(said) <= 30


def test_two_desks_that_change_one_household_leave_the_lists_right(both: Compound) -> None:
    """A removal and an issue at the same moment: the new card never keeps what the removal took."""
    other = both.unit_of("1-1-101", "b1")
    for number in range(1, 31):
        person = both.person("某人")
        home = both.settle(person)
        both.settle(person, unit=other)
        start = threading.Barrier(2, timeout=20)

        def leave(home_id: int = home.id, start: threading.Barrier = start) -> None:
            start.wait()
            with both.desk() as uow:
                occupancy.end_occupancy(uow, both.keys, home_id, "moved out")

        def issue(person: int = person, number: int = number, start: threading.Barrier = start) -> None:
            start.wait()
            both.issue(uid(number), person=person, unit=other, beyond_quota=True)

        desks = [threading.Thread(target=leave), threading.Thread(target=issue)]
        for desk in desks:
            desk.start()
        for desk in desks:
            desk.join(timeout=30)
        assert both.opens(uid(number)) == {"compound", "garage", "b1"}


def test_a_stay_that_begins_later_is_listed_ahead_of_time(compound: Compound) -> None:
    """A tenant who moves in next week: gates know already, and admit only then."""
    tenant = compound.person("孙悦")
    start = int(compound.clock.now) + 7 * DAY
    with compound.desk(SUPERVISOR) as uow:
        occupancy.add_occupant(
            uow,
            compound.keys,
            unit_id=compound.unit,
            person_id=tenant,
            relation=Relation.TENANT,
            proof=Proof.LEASE,
            valid_from=start,
            valid_until=start + 30 * DAY,
            consent=Consent(compound.li_na, Proof.PHONE_TO_OWNER, uow.now),
        )
    compound.issue(person=tenant)
    assert compound.terms(UID, "b3") == Terms(start, start + 30 * DAY)


# --- Faces --------------------------------------------------------------------------------------------

UIDS = st.sampled_from([4, 7, 10]).flatmap(lambda size: st.binary(min_size=size, max_size=size))
NUMBERS = st.none() | st.binary(min_size=8, max_size=8)


@given(forms=st.sets(st.sampled_from(IdentityForm)), uid=UIDS, number=NUMBERS)
def test_a_card_with_a_number_has_no_other_face_where_numbers_are_read(
    forms: set[IdentityForm], uid: bytes, number: bytes | None
) -> None:
    """Readers of the number know a card that has one by nothing else; all other readers and cards are as before."""
    faces = projection.identities_of(forms, uid, number)
    if IdentityForm.SECURE in forms and number is not None:
        assert faces == [Identity(IdentityKind.SECURE, number)]
    else:
        assert set(faces) == {identity_of_uid(form, uid) for form in forms} - {None}
