"""Whatever two desks do in whatever order, a card has one holder, a unit its quota, and nothing opens too early."""

from pathlib import Path
from tempfile import TemporaryDirectory

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule
from sqlalchemy import select

from gateway.domain.card import HELD, CardState
from gateway.domain.encode_job import LEASE_S, OPEN, RUNNING, JobKind
from gateway.domain.errors import GatehouseError
from gateway.ports.cards import FoundCard, FoundState
from gateway.services import cards, encode_jobs, site
from gateway.services.cards import CardView, Channel
from gateway.services.encode_jobs import JobView
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.services.encode_stage import Desk, blank, other
from tests.gateway.services.small_compound import SUPERVISOR, build, uid
from tests.stores import SteppedClock

QUOTA = 2
UIDS = [uid(n) for n in range(4)]
ACTS = st.sampled_from(
    ["begin", "verify", "finish", "fail", "cancel", "abandon", "wipe", "write", "write", "take", "start", "mark"]
)
DESKS = st.integers(0, 1)


class Desks(RuleBasedStateMachine):
    """Two desks, four cards, one household with a quota of two."""

    def __init__(self) -> None:
        super().__init__()
        self.directory = TemporaryDirectory()
        self.clock = SteppedClock()
        store = Store(f"sqlite:///{Path(self.directory.name) / 'model.db'}", clock=self.clock, boot="model")
        store.migrate()
        self.compound = build(store, self.clock)
        with self.compound.desk(SUPERVISOR) as uow:
            site.set_settings(uow, cards_per_unit=QUOTA)
        first = Desk(self.compound)
        self.desks = [first, other(first)]
        self.jobs: list[JobView] = []

    def teardown(self) -> None:
        """Closes the store."""
        self.compound.store.close()
        self.directory.cleanup()

    # --- What desks do ----------------------------------------------------------------------------

    @rule(desk=DESKS, card=st.sampled_from(UIDS))
    def issue(self, desk: int, card: bytes) -> None:
        """Plans a card for the household."""
        self._plan(desk, blank(card))

    @rule(desk=DESKS, card=st.sampled_from(UIDS), what=st.sampled_from([JobKind.REENCODE, JobKind.WIPE]))
    def again(self, desk: int, card: bytes, what: JobKind) -> None:
        """Plans something with a card that is in the books."""
        known = self._known(card)
        if known is not None:
            self._plan(desk, FoundCard(card, blank().kind, FoundState.TORN), what=what, card_id=known.id)

    @rule(desk=DESKS, card=st.sampled_from(UIDS))
    def replace(self, desk: int, card: bytes) -> None:
        """Plans a card in place of one that is lost."""
        for known in self._cards():
            if known.state is CardState.LOST:
                self._plan(desk, blank(card), what=JobKind.REPLACE, card_id=known.id)

    def _plan(self, desk: int, found: FoundCard, **order: object) -> None:
        at = self.desks[desk]
        self.clock.step(1)  # so that one can tell which of two cards was issued first
        try:
            self.jobs.append(at.plan(found, at.order(**order)))
        except GatehouseError:
            return
        finally:
            self.wait(0)

    @rule(desk=DESKS)
    def hand_out(self, desk: int) -> None:
        """A card from plan to end, where nothing is in the way."""
        self._plan(desk, blank(UIDS[len(self.jobs) % len(UIDS)]))
        self.work(desk, 0, "write")

    @rule(desk=DESKS)
    def exchange(self, desk: int) -> None:
        """The first card is lost and replaced."""
        self.change("lost", 0)
        self.replace(desk, UIDS[len(self.jobs) % len(UIDS)])
        self.work(desk, 0, "write")

    @rule(desk=DESKS, job=st.integers(0, 1), act=ACTS)
    def work(self, desk: int, job: int, act: str) -> None:
        """Any act at any time; what cannot be is refused."""
        if job < len(self.jobs):
            try:
                getattr(self.desks[desk], act)(self.jobs[-1 - job])
            except GatehouseError:
                return

    @rule(way=st.sampled_from(["lost", "lost", "found", "returned"]), which=st.integers(0, 1))
    def change(self, way: str, which: int) -> None:
        """Meanwhile cards are lost, found and given back."""
        wanted = CardState.LOST if way == "found" else CardState.ACTIVE
        there = [card for card in self._cards() if card.state is wanted]
        if which >= len(there):
            return
        known = there[which]
        try:
            with self.compound.desk() as uow:
                if way == "lost":
                    cards.report_loss(
                        uow, self.compound.keys, known.id, provisional=False, reporter="", channel=Channel.DESK
                    )
                elif way == "found":
                    cards.withdraw_loss(uow, self.compound.keys, known.id, holder_verified=True)
                else:
                    cards.return_card(uow, self.compound.keys, known.id)
        except GatehouseError:
            return

    @rule(seconds=st.sampled_from([LEASE_S // 2, LEASE_S]))
    def wait(self, seconds: int) -> None:
        """Time passes, and the sweep looks at leases."""
        self.clock.step(seconds)
        with self.compound.desk() as uow:
            encode_jobs.lapse(uow)

    def _known(self, card: bytes) -> CardView | None:
        with self.compound.store.read() as conn:
            return cards.by_uid(conn, card)

    # --- What holds -------------------------------------------------------------------------------

    @invariant()
    def one_holder(self) -> None:
        """A UID is held once, and has one open piece of work."""
        held = [card.uid for card in self._cards() if card.state in HELD]
        assert len(held) == len(set(held))
        working = [job.uid for job in self._open()]
        assert len(working) == len(set(working))

    @invariant()
    def quota(self) -> None:
        """A card that is written in place of another has its place."""
        held = [card for card in self._cards() if card.state in HELD]
        counted = [card for card in held if card.state is not CardState.RESERVED or card.replaces_id is None]
        assert len(counted) <= QUOTA

    @invariant()
    def nothing_opens_too_early(self) -> None:
        """Lists name active cards only, and what is reserved has work that will end it."""
        states = {card.credential: card.state for card in self._cards()}
        with self.compound.store.read() as conn:
            listed = set(conn.execute(select(tables.list_entries.c.credential)).scalars())
        assert {states[credential] for credential in listed} <= {CardState.ACTIVE}
        reserved = {card.id for card in self._cards() if card.state is CardState.RESERVED}
        assert reserved <= {job.card_id for job in self._open()}

    @invariant()
    def leases_are_seen(self) -> None:
        """A card that is being written has a desk, and its lease was looked at."""
        for job in self._open():
            assert job.state not in RUNNING or (job.lease_until or 0) > self.clock.now

    @invariant()
    def replaced_cards_are_not_both_valid(self) -> None:
        """The new one opens when the old one does not, unless the old card was wiped and issued anew since."""
        known = {card.id: card for card in self._cards()}
        for card in known.values():
            if card.replaces_id is not None and card.state is CardState.ACTIVE:
                old = known[card.replaces_id]
                assert old.state not in HELD or (old.issued_at or self.clock.now) >= (card.issued_at or 0)

    def _cards(self) -> list[CardView]:
        with self.compound.store.read() as conn:
            return cards.list_cards(conn)

    def _open(self) -> list[JobView]:
        with self.compound.store.read() as conn:
            found = encode_jobs.list_jobs(conn)
        assert all(job.state in OPEN for job in found)
        return found


TestDesks = Desks.TestCase
TestDesks.settings = settings(
    max_examples=40, stateful_step_count=30, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
