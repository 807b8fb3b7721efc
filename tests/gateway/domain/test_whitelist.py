"""A whitelist in memory, its bytes and its root."""

import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.domain.errors import MalformedError
from gateway.domain.identity import bucket_of
from gateway.domain.whitelist import NO_END, Changes, Entry, Terms, Whitelist, decode_entries, decode_keys, difference

KEY = bytes.fromhex("01a1a2a3a4a5a6a7")

keys = st.binary(min_size=8, max_size=8)
few_keys = st.integers(0, 7).map(lambda n: bytes((n,)) * 8)
terms = st.builds(Terms, st.integers(0, NO_END), st.integers(0, NO_END), st.integers(0, 255), st.integers(0, 7))
contents = st.dictionaries(few_keys, terms)


def _list(entries: dict[bytes, Terms]) -> Whitelist:
    return Whitelist(Entry(key, value) for key, value in entries.items())


def test_an_entry_is_eighteen_bytes() -> None:
    """Key, valid from, valid until, schedule, flags; big-endian."""
    entry = Entry(KEY, Terms(0x01020304, NO_END, 9, 4))
    assert entry.encode() == KEY + bytes.fromhex("01020304 ffffffff 09 04")
    assert decode_entries(entry.encode() * 2) == [entry, entry]


@given(st.lists(st.builds(Entry, keys, terms), max_size=5))
def test_entries_round_trip(entries: list[Entry]) -> None:
    """Concatenated, in order."""
    assert decode_entries(b"".join(entry.encode() for entry in entries)) == entries


def test_broken_bytes_are_refused() -> None:
    """A torn entry, a torn key, a flag from the future."""
    for data in (bytes(17), bytes(17) + b"\x08"):
        with pytest.raises(MalformedError):
            decode_entries(data)
    with pytest.raises(MalformedError):
        decode_keys(bytes(9))
    assert decode_keys(bytes(8) + KEY) == [bytes(8), KEY]


@given(contents)
def test_the_root_is_as_the_protocol_says(entries: dict[bytes, Terms]) -> None:
    """SHA-256 over the digests of 256 buckets, each over its entries sorted by key: computed here the long way."""
    digests = []
    for bucket in range(256):
        inside = sorted(key for key in entries if bucket_of(key) == bucket)
        digests.append(hashlib.sha256(b"".join(Entry(key, entries[key]).encode() for key in inside)).digest())
    assert _list(entries).root() == hashlib.sha256(b"".join(digests)).digest()


def test_the_root_of_nothing() -> None:
    """256 times the SHA-256 of no bytes, hashed."""
    nothing = bytes.fromhex("e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855")
    assert Whitelist().root() == hashlib.sha256(nothing * 256).digest()


@given(contents, contents)
def test_the_difference_leads_from_one_to_the_other(old: dict[bytes, Terms], new: dict[bytes, Terms]) -> None:
    """Same entries, same root; applied twice it changes nothing more."""
    walked = _list(old)
    walked.root()  # so that cached digests must be dropped
    changes = difference(old, new)
    for _ in range(2):
        walked.apply(changes)
        assert walked.terms() == new
        assert walked.root() == _list(new).root()
    assert len(changes) == sum(old.get(key) != new.get(key) for key in {*old, *new})


@given(st.lists(st.tuples(few_keys, st.none() | terms), max_size=12), st.integers(0, 12))
def test_merged_changes_hold_from_any_older_version(steps: list[tuple[bytes, Terms | None]], start: int) -> None:
    """Whoever is anywhere between the first step and the last ends at the same list."""
    merged, newest, held = Changes(), Whitelist(), Whitelist()
    for n, (key, value) in enumerate(steps):
        for follower in [newest] + [held] * (n < start):
            if value is None:
                follower.drop(key)
            else:
                follower.put(key, value)
        if value is None:
            merged.drop(key)
        else:
            merged.put(key, value)
    held.apply(merged)
    assert held.root() == newest.root()
    assert not merged.puts.keys() & merged.drops


def _keys_put(changes: Changes) -> list[bytes]:
    """The keys put, oldest first."""
    return [entry.key for entry in decode_entries(changes.encode_puts())]


def test_the_newest_change_comes_last() -> None:
    """So a window keeps the newest when it is cut at the front."""
    changes = Changes()
    for first in (1, 2, 1):
        changes.put(bytes((first,)) * 8, Terms(0, NO_END))
    assert [key[0] for key in _keys_put(changes)] == [2, 1]
    changes.drop(b"\2" * 8)
    changes.drop(b"\0" * 8)
    assert changes.encode_drops() == b"\0" * 8 + b"\2" * 8


def test_a_copy_is_independent() -> None:
    """Changes can be tried on it, whatever becomes of them."""
    held = _list({KEY: Terms(1, 2)})
    held.fresh_until = 99
    root = held.root()
    twin = held.copy()
    assert (twin.root(), twin.epoch, twin.version, twin.fresh_until) == (root, 1, 0, 99)
    twin.drop(KEY)
    assert (held.root(), len(held), len(twin), KEY in held) == (root, 1, 0, True)


def test_one_key_twice_is_refused() -> None:
    """A list that contradicts itself is no list."""
    with pytest.raises(MalformedError):
        Whitelist([Entry(KEY, Terms(1, 2)), Entry(KEY, Terms(3, 4))])


def test_entries_come_sorted() -> None:
    """By key, whatever order they went in."""
    held = _list({b"\2" * 8: Terms(1, 2), b"\1" * 8: Terms(3, 4)})
    assert [entry.key for entry in held] == [b"\1" * 8, b"\2" * 8]
