"""A slip's release beside a bare insert with commit, and its verification beside a bare Ed25519 verify."""

import tempfile
from collections.abc import Iterator
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.signing.slip_token import read
from gateway.storage.store import Store
from tests.bench.journal import Bare
from tests.bench.measure import Row, interleave, judge
from tests.gateway.services import slip_stage
from tests.stores import NOW

A_ROUND = 20
ROUNDS = 10
VERIFIED = 300


def rows() -> Iterator[Row]:
    """Release in a transaction, and the check before it."""
    with tempfile.TemporaryDirectory(dir="var") as folder:
        store = Store(f"sqlite:///{folder}/ours.db", clock=lambda: float(NOW))
        store.migrate()
        slip_stage.build(store)
        waiting = [slip_stage.token(slip_stage.issued(store)) for _ in range(A_ROUND * (ROUNDS + 1))]
        bare = Bare(Path(folder) / "bare.db")
        texts = list(waiting[:1] * VERIFIED)

        def ours() -> None:
            for _ in range(A_ROUND):
                verdict = slip_stage.Load(waiting.pop()).go(store)
                if verdict.code != "RELEASED":
                    raise AssertionError(f"not released: {verdict.code}")

        def bare_insert() -> None:
            for _ in range(A_ROUND):
                bare.append(1)

        # Ours reads the slip, judges it, spends each line by a guarded update and chains a record to the journal.
        yield judge("slip release", interleave(ours, bare_insert, rounds=ROUNDS), unit=f"s per {A_ROUND}", at_most=20)
        yield _verify(texts)
        bare.db.close()
        store.close()


def _verify(texts: list[str]) -> Row:
    private = Ed25519PrivateKey.generate()
    public, message = private.public_key(), b"m" * 60
    signature = private.sign(message)

    def ours() -> None:
        for text in texts:
            read(text, slip_stage.KEYS.known)

    def bare() -> None:
        for _ in texts:
            public.verify(signature, message)

    return judge("slip verify, from text to claims", interleave(ours, bare), unit=f"s per {VERIFIED}", at_most=1 / 0.6)
