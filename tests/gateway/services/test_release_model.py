"""Whatever guards and clerks do to a slip in whatever order, no line leaves more often than the slip allows."""

from dataclasses import dataclass, field

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.domain.errors import RuleViolationError
from gateway.domain.slip_verdict import Code
from gateway.services import slips
from gateway.services.slip_views import Taken
from gateway.storage.store import Store
from tests.gateway.services.slip_stage import CLERK, ITEMS, Load, build, issued, look, token
from tests.stores import SteppedClock

HOUR = 3600
VOID, WAIT, AGAIN = "void", "wait", "again"
LOADS = st.tuples(st.integers(0, 2), st.integers(0, 13))
REPEATED = {Code.RELEASED, Code.LIST_MISMATCH, Code.CANCELLED, Code.EXPIRED, Code.ALREADY_RELEASED}
ACTS = st.lists(LOADS | st.sampled_from([VOID, WAIT, AGAIN]), max_size=12)


@dataclass
class Model:
    """What must be true of one slip."""

    several_trips: bool
    hours_left: int = 2
    void: bool = False
    released: dict[int, int] = field(default_factory=lambda: {item.line: 0 for item in ITEMS})

    def answer(self, load: dict[int, int]) -> Code:
        remaining = {item.line: item.qty - self.released[item.line] for item in ITEMS}
        if not any(remaining.values()):
            return Code.ALREADY_RELEASED
        if self.void:
            return Code.CANCELLED
        if self.hours_left <= 0:
            return Code.EXPIRED
        full = load == {item.line: item.qty for item in ITEMS}
        part = bool(load) and all(qty <= remaining[line] for line, qty in load.items())
        if not (part if self.several_trips else full):
            return Code.LIST_MISMATCH
        for line, qty in load.items():
            self.released[line] += qty
        return Code.RELEASED


@pytest.fixture
def compound(sqlite_store: Store) -> Store:
    build(sqlite_store)
    return sqlite_store


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(acts=ACTS, several_trips=st.booleans())
def test_any_order(
    compound: Store, store_clock: SteppedClock, acts: list[tuple[int, int] | str], *, several_trips: bool
) -> None:
    """The house answers as the model does, at every step; each example has a slip of its own."""
    slip = issued(compound, several_trips=several_trips, expires_at=int(store_clock.now) + 2 * HOUR)
    model, sent = Model(several_trips), [Load(token(slip), ())]
    for act in acts:
        if act == WAIT:
            store_clock.step(HOUR)
            model.hours_left -= 1
        elif act == VOID:
            model.void = _void(compound, slip.id, model)
        elif act == AGAIN:
            assert sent[-1].go(compound).code in REPEATED
        else:
            load = {line: qty for line, qty in enumerate(act, 1) if isinstance(qty, int) and qty}
            sent.append(Load(token(slip), tuple(Taken(line, qty) for line, qty in load.items())))
            assert sent[-1].go(compound).code is model.answer(load)
        lines = look(compound, token(slip), now=int(store_clock.now)).lines
        assert {line.line: line.released for line in lines} == model.released


def _void(store: Store, slip_id: int, model: Model) -> bool:
    """Voids unless goods have left or it is void already."""
    try:
        with store.write(CLERK) as uow:
            slips.void(uow, slip_id, "unused")
    except RuleViolationError:
        assert model.void or any(model.released.values())
        return model.void
    assert not any(model.released.values())
    return True
