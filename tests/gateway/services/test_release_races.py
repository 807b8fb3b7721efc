"""However many guards release one slip at one moment, its goods leave once."""

import threading
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from sqlalchemy import func, select

from gateway.domain.slip_verdict import Code
from gateway.services import slips
from gateway.services.slip_views import Taken, Verdict
from gateway.storage import tables
from gateway.storage.store import Store
from tests.gateway.services.slip_stage import CLERK, IN_PERSON, KEYS, Load, build, form, issued, look, number, token


def at_once(jobs: Sequence[Callable[[], Verdict]]) -> Counter[Code]:
    """Runs every job in a thread of its own, all let go together; counts the verdicts."""
    gate = threading.Barrier(len(jobs))

    def run(job: Callable[[], Verdict]) -> Code:
        gate.wait(30)
        return job().code

    with ThreadPoolExecutor(len(jobs)) as pool:
        return Counter(pool.map(run, jobs))


def test_one_slip(store: Store) -> None:
    """One hundred guards, two gates, one slip: one success, and ninety-nine see it."""
    build(store)
    slip = issued(store)
    loads = [Load(token(slip), post=("north", "south")[at % 2]) for at in range(100)]
    verdicts = at_once([lambda load=load: load.go(store) for load in loads])  # type: ignore[misc]  # a default binds each load
    assert verdicts == {Code.RELEASED: 1, Code.ALREADY_RELEASED: 99}
    assert [line.remaining for line in look(store, token(slip)).lines] == [0, 0]
    with store.read() as conn:
        assert conn.execute(select(func.count()).select_from(tables.slip_movements)).scalar_one() == 1


def test_one_request(store: Store) -> None:
    """One request sent ten times at once is answered ten times and done once."""
    build(store)
    load = Load(token(issued(store)))
    assert at_once([lambda: load.go(store)] * 10) == {Code.RELEASED: 10}
    with store.read() as conn:
        assert conn.execute(select(func.count()).select_from(tables.slip_movements)).scalar_one() == 1


def test_parts_of_one_line(store: Store) -> None:
    """Of twelve cartons, fifteen guards who each let one out at once let twelve out."""
    build(store)
    text = token(issued(store, several_trips=True))
    assert Load(text, (Taken(1, 1),)).go(store).code is Code.RELEASED
    verdicts = at_once([lambda: Load(text, (Taken(2, 1),)).go(store)] * 15)
    assert verdicts == {Code.RELEASED: 12, Code.ALREADY_RELEASED: 3}


def test_many_slips(sqlite_store: Store) -> None:
    """Eight guards work through the same fifty slips; each slip leaves once."""
    build(sqlite_store)
    texts = [token(issued(sqlite_store)) for _ in range(50)]
    with ThreadPoolExecutor(8) as pool:
        rounds = pool.map(lambda _: [Load(text).go(sqlite_store).code for text in texts], range(8))
        verdicts = Counter(code for codes in rounds for code in codes)
    assert verdicts == {Code.RELEASED: 50, Code.ALREADY_RELEASED: 350}


def test_release_against_void(store: Store) -> None:
    """A slip voided and released at once is either, never both."""
    build(store)
    for _ in range(5):
        slip = issued(store)
        with ThreadPoolExecutor(2) as pool:
            out = pool.submit(Load(token(slip)).go, store)
            voided = pool.submit(_void, store, slip.id)
            assert (out.result(30).code is Code.RELEASED) is not (voided.exception(30) is None)


def test_numbers(store: Store) -> None:
    """Desks that issue at once get consecutive numbers, the first ones of all included."""
    build(store)

    def desk(_: int) -> int:
        with store.write(CLERK) as uow:
            return number(slips.create_and_issue(uow, KEYS, IN_PERSON, **form()))

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(desk, range(40))) == list(range(1, 41))


def _void(store: Store, slip_id: int) -> None:
    with store.write(CLERK) as uow:
        slips.void(uow, slip_id, "unused")
