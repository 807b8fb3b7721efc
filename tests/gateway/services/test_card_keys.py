"""Card keys are whole sets in versions: one is written on cards, older ones are still read, none ever leaves."""

from collections.abc import Iterator

import pytest
from sqlalchemy import insert, select, update

from gateway.domain.card import CardState
from gateway.domain.errors import ConflictError, NotFoundError
from gateway.ports.cards import CardKeySet, KeyPurpose
from gateway.services import card_keys
from gateway.services.card_key_status import cards_on_old_keys, status
from gateway.signing.components import check_value
from gateway.signing.keyring import Keyring, UnsealError
from gateway.storage import tables
from gateway.storage.store import SYSTEM, Store
from tests.stores import seed_card

KEYRING = Keyring(bytes(range(32)))


class _Counter:
    """Random bytes that a test can tell apart."""

    def __init__(self) -> None:
        self.made: list[bytes] = []

    def __call__(self, size: int) -> bytes:
        self.made.append(bytes([len(self.made) + 1] * size))
        return self.made[-1]


@pytest.fixture
def random() -> _Counter:
    """For one test."""
    return _Counter()


def _create(store: Store, random: _Counter) -> int:
    with store.write(SYSTEM) as uow:
        return card_keys.create(uow, KEYRING, random)


def _rotate(store: Store, random: _Counter) -> int:
    with store.write(SYSTEM) as uow:
        return card_keys.rotate(uow, KEYRING, random)


def _retire(store: Store, version: int) -> None:
    with store.write(SYSTEM) as uow:
        card_keys.retire(uow, version)


def _carry(store: Store, number: str, version: int, state: CardState = CardState.ACTIVE) -> None:
    with store.write(SYSTEM) as uow:
        card = seed_card(uow, number, bytes.fromhex("04") + number.encode(), state)
        uow.conn.execute(update(tables.cards).where(tables.cards.c.id == card).values(key_version=version))


def _versions(keys: Iterator[CardKeySet]) -> list[int]:
    return [known.version for known in keys]


def test_no_keys_yet(seeded: Store) -> None:
    """Nothing to load, and nothing is made by asking."""
    with seeded.read() as conn:
        assert card_keys.load(conn, KEYRING) is None
        assert card_keys.generation(conn) == ()
        assert status(conn).current is None


def test_the_first_set(seeded: Store, random: _Counter) -> None:
    """Version 1, seven random keys, current at once; a second time is refused."""
    assert _create(seeded, random) == 1
    with seeded.read() as conn:
        keys = card_keys.load(conn, KEYRING)
        current = status(conn).current
    assert keys is not None
    assert keys.current == 1
    assert [keys.sets[1].keys[purpose] for purpose in KeyPurpose] == random.made
    assert len(set(random.made)) == len(KeyPurpose) == 7
    assert current is not None
    assert current.check_values == {p: check_value(keys.sets[1].keys[p]) for p in KeyPurpose}
    assert current.missing == []
    with pytest.raises(ConflictError, match="has card keys already"):
        _create(seeded, random)


def test_sealed_in_their_place(seeded: Store, random: _Counter) -> None:
    """No key stands in clear, another keyring opens none, and a key moved to another purpose does not open."""
    _create(seeded, random)
    with seeded.read() as conn:
        sealed = {row.purpose: row.sealed for row in conn.execute(select(tables.card_keys))}
        assert not any(key in blob for key in random.made for blob in sealed.values())
        with pytest.raises(UnsealError):
            card_keys.load(conn, Keyring(bytes(32)))
    with seeded.write(SYSTEM) as uow:
        where = tables.card_keys.c.purpose == KeyPurpose.READ.value
        uow.conn.execute(update(tables.card_keys).where(where).values(sealed=sealed["write"]))
    with seeded.read() as conn, pytest.raises(UnsealError, match="card-key/1/read/aes-128"):
        card_keys.load(conn, KEYRING)


def test_a_rotation_keeps_the_old_version_readable(seeded: Store, random: _Counter) -> None:
    """New cards get version 2, cards with version 1 still count as ours; the generation tells of the change."""
    _create(seeded, random)
    with seeded.read() as conn:
        before = card_keys.generation(conn)
    assert _rotate(seeded, random) == 2
    with seeded.read() as conn:
        keys = card_keys.load(conn, KEYRING)
        after = card_keys.generation(conn)
        assert card_keys.generation(conn) == after != before
    assert keys is not None
    assert keys.current == 2
    assert _versions(iter(keys.in_order())) == [2, 1]
    assert keys.sets[1].keys[KeyPurpose.PICC] != keys.sets[2].keys[KeyPurpose.PICC]


def test_nothing_to_rotate(seeded: Store, random: _Counter) -> None:
    """The sentence names the command that comes first."""
    with pytest.raises(NotFoundError, match="gatehouse keys init"):
        _rotate(seeded, random)


def test_retiring_waits_for_the_last_card(seeded: Store, random: _Counter) -> None:
    """A version that people carry cannot go; cancelled cards and cards of another version do not hold it back."""
    _create(seeded, random)
    _rotate(seeded, random)
    _carry(seeded, "0001", 1)
    _carry(seeded, "0002", 2)
    _carry(seeded, "0003", 1, CardState.CANCELLED)
    with seeded.read() as conn:
        told = status(conn)
        assert (told.old_cards, [known.cards for known in told.sets]) == (1, [1, 1])
        assert [card.number for card in cards_on_old_keys(conn)] == ["0001"]
    with pytest.raises(ConflictError, match=r"^1 cards still carry version 1"):
        _retire(seeded, 1)
    with seeded.write(SYSTEM) as uow:
        uow.conn.execute(update(tables.cards).values(key_version=2))
    _retire(seeded, 1)
    with seeded.read() as conn:
        keys = card_keys.load(conn, KEYRING)
    assert keys is not None
    assert list(keys.sets) == [2]


def test_retiring_waits_for_a_card_on_the_encoder(seeded: Store, random: _Counter) -> None:
    """A job that began before the rotation still writes the old version."""
    _create(seeded, random)
    _rotate(seeded, random)
    job = {"id": "a" * 32, "what": "issue", "state": "writing", "uid": b"\x04\x01\x02\x03", "wanted": {}}
    with seeded.write(SYSTEM) as uow:
        uow.conn.execute(
            insert(tables.encode_jobs).values(**job, key_version=1, created_by="li", created_at=1, updated_at=1)
        )
    with pytest.raises(ConflictError, match="being written"):
        _retire(seeded, 1)


def test_only_an_accepted_version_retires(seeded: Store, random: _Counter) -> None:
    """The current one is replaced first; an unknown one is not there; a retired one can be taken back."""
    _create(seeded, random)
    with pytest.raises(ConflictError, match="rotate"):
        _retire(seeded, 1)
    with pytest.raises(NotFoundError):
        _retire(seeded, 9)
    _rotate(seeded, random)
    _retire(seeded, 1)
    with seeded.write(SYSTEM) as uow:
        card_keys.accept(uow, 1)
    with seeded.read() as conn:
        keys = card_keys.load(conn, KEYRING)
    assert keys is not None
    assert sorted(keys.sets) == [1, 2]
    with pytest.raises(ConflictError, match="not retired"), seeded.write(SYSTEM) as uow:
        card_keys.accept(uow, 1)


def test_a_card_has_one_byte_for_the_version(seeded: Store, random: _Counter) -> None:
    """There is no version 256."""
    _create(seeded, random)
    with seeded.write(SYSTEM) as uow:
        row = {"version": 255, "state": "retired", "created_at": 1, "created_by": "x"}
        uow.conn.execute(insert(tables.card_key_sets).values(row))
    with pytest.raises(ConflictError, match="used up"):
        _rotate(seeded, random)


def test_the_record_shows_no_key(seeded: Store, random: _Counter) -> None:
    """What happened stands in the journal, what was made does not."""
    _create(seeded, random)
    _rotate(seeded, random)
    _retire(seeded, 1)
    with seeded.read() as conn:
        rows = conn.execute(select(tables.journal).order_by(tables.journal.c.seq)).all()
    assert [row.kind for row in rows] == ["card_keys.created", "card_keys.rotated", "card_keys.retired"]
    assert not any(key.hex() in str(row) or str(key) in str(row) for key in random.made for row in rows)
