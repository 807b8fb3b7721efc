"""Who may sign in: once with a link, again and again with a password, and not by guessing."""

from collections.abc import Callable
from functools import partial

import pytest
from sqlalchemy import select

from gateway.domain.errors import ConflictError, MalformedError, NotFoundError, TooManyError, UnauthenticatedError
from gateway.domain.person import Role
from gateway.services import accounts, alarms
from gateway.services.accounts import Session, UserView
from gateway.storage.store import SYSTEM, Store
from gateway.storage.tables import sessions, sign_in_links, tokens, users
from tests.stores import SteppedClock

PASSWORD = "correct horse battery"
SignIn = Callable[..., Session]


@pytest.fixture
def user(sqlite_store: Store) -> UserView:
    with sqlite_store.write(SYSTEM) as uow:
        return accounts.create_user(uow, login="Desk", name="周敏", roles=[Role.FRONT_DESK], password=PASSWORD)


@pytest.fixture
def sign_in(sqlite_store: Store, store_clock: SteppedClock, user: UserView) -> SignIn:
    def act(password: str = PASSWORD, *, login: str = user.login, net: str = "10.0.0.7") -> Session:
        return accounts.sign_in(sqlite_store, login=login, password=password, net=net, now=store_clock.now)

    return act


def test_a_session_stands_for_twelve_hours(sqlite_store: Store, sign_in: SignIn) -> None:
    session = sign_in(login=" DESK ")
    with sqlite_store.read() as conn:
        standing = accounts.session_of(conn, session.secret, session.expires_at - 1)
        assert accounts.session_of(conn, session.secret, session.expires_at) is None
        assert accounts.session_of(conn, "made up", session.expires_at - 1) is None
    assert standing is not None
    assert (standing.user.name, standing.csrf) == ("周敏", session.csrf)
    assert standing.user.roles == {Role.FRONT_DESK}


def test_a_password_can_be_shown_without_signing_in(
    sqlite_store: Store, store_clock: SteppedClock, user: UserView
) -> None:
    prove = partial(accounts.prove, sqlite_store, net="127.0.0.1", now=store_clock.now)
    assert prove(login=" DESK ", password=PASSWORD) == user
    with pytest.raises(UnauthenticatedError):
        prove(login=user.login, password="not the password")
    with sqlite_store.read() as conn:
        assert conn.execute(select(sessions)).all() == []


def test_signing_out_ends_it(sqlite_store: Store, store_clock: SteppedClock, sign_in: SignIn) -> None:
    session = sign_in()
    with sqlite_store.write(SYSTEM) as uow:
        accounts.sign_out(uow, session.secret)
        accounts.sign_out(uow, session.secret)
    with sqlite_store.read() as conn:
        assert accounts.session_of(conn, session.secret, store_clock.now) is None


def test_a_wrong_password_and_an_unknown_login_sound_the_same(sign_in: SignIn) -> None:
    with pytest.raises(UnauthenticatedError) as wrong:
        sign_in("not the password")
    with pytest.raises(UnauthenticatedError) as unknown:
        sign_in(login="nobody")
    assert str(wrong.value) == str(unknown.value)


def test_five_wrong_passwords_make_even_the_right_one_wait(
    sqlite_store: Store, store_clock: SteppedClock, sign_in: SignIn
) -> None:
    """G9: alarm and back-off, without locking anybody out for ever."""
    for _try in range(5):
        with pytest.raises(UnauthenticatedError):
            sign_in("wrong password")
    with sqlite_store.read() as conn:
        assert {alarm.source for alarm in alarms.open_alarms(conn)} == {"login:desk", "net:10.0.0.0/24"}
    with pytest.raises(TooManyError) as waits:
        sign_in()
    assert waits.value.retry_after_s == 1
    store_clock.step(1)
    assert sign_in().user.login == "desk"


def test_a_right_password_wipes_the_slate(sign_in: SignIn) -> None:
    for net in ("10.1.0.1", "10.2.0.1"):
        for _try in range(4):
            with pytest.raises(UnauthenticatedError):
                sign_in("wrong password", net=net)
        assert sign_in(net="10.9.0.1").user.login == "desk"


def test_another_login_from_the_same_network_waits_too(sign_in: SignIn) -> None:
    for number in range(5):
        with pytest.raises(UnauthenticatedError):
            sign_in(login=f"guess{number}")
    with pytest.raises(TooManyError):
        sign_in()
    assert sign_in(net="10.9.0.1").user.login == "desk"


def test_a_link_signs_in_once_and_soon(sqlite_store: Store, store_clock: SteppedClock, user: UserView) -> None:
    with sqlite_store.write(SYSTEM) as uow:
        link, late = (accounts.make_sign_in_link(uow, user.id) for _ in range(2))
        assert accounts.redeem_link(uow, link).user == user
    with sqlite_store.write(SYSTEM) as uow, pytest.raises(UnauthenticatedError):
        accounts.redeem_link(uow, link)
    store_clock.step(accounts.LINK_S)
    with sqlite_store.write(SYSTEM) as uow, pytest.raises(UnauthenticatedError):
        accounts.redeem_link(uow, late)


def test_a_disabled_user_is_out_at_once(sqlite_store: Store, store_clock: SteppedClock, sign_in: SignIn) -> None:
    session = sign_in()
    with sqlite_store.write(SYSTEM) as uow:
        link = accounts.make_sign_in_link(uow, session.user.id)
        assert accounts.disable_user(uow, session.user.id).disabled
    with sqlite_store.read() as conn:
        assert accounts.session_of(conn, session.secret, store_clock.now) is None
    with pytest.raises(UnauthenticatedError):
        sign_in()
    with sqlite_store.write(SYSTEM) as uow, pytest.raises(UnauthenticatedError):
        accounts.redeem_link(uow, link)


@pytest.mark.parametrize("change", ["password", "roles"])
def test_new_passwords_and_roles_end_old_sessions(
    sqlite_store: Store, store_clock: SteppedClock, sign_in: SignIn, change: str
) -> None:
    session = sign_in()
    with sqlite_store.write(SYSTEM) as uow:
        if change == "password":
            accounts.change_password(uow, session.user.id, "another long password")
        else:
            accounts.set_roles(uow, session.user.id, [Role.AUDITOR])
    with sqlite_store.read() as conn:
        assert accounts.session_of(conn, session.secret, store_clock.now) is None
    password = "another long password" if change == "password" else PASSWORD
    assert sign_in(password).user.roles == ({Role.FRONT_DESK} if change == "password" else {Role.AUDITOR})


def test_no_secret_is_stored(sqlite_store: Store, sign_in: SignIn) -> None:
    session = sign_in()
    with sqlite_store.write(SYSTEM) as uow:
        _id, text = accounts.create_token(uow, name="billing", roles=[Role.FINANCE], days=30)
        link = accounts.make_sign_in_link(uow, session.user.id)
    with sqlite_store.read() as conn:
        rows = [str(conn.execute(select(table)).all()) for table in (users, sessions, tokens, sign_in_links)]
    assert all(secret not in "".join(rows) for secret in (PASSWORD, session.secret, text, link))
    assert "$argon2id$" in rows[0]


def test_a_token_works_until_it_ends_or_is_revoked(sqlite_store: Store, store_clock: SteppedClock) -> None:
    with sqlite_store.write(SYSTEM) as uow:
        token_id, text = accounts.create_token(uow, name="billing", roles=[Role.FINANCE], days=1)
        accounts.note_token_use(uow, token_id)
    assert text.startswith("gh_")
    with sqlite_store.read() as conn:
        token = accounts.token_of(conn, text, store_clock.now)
        assert accounts.token_of(conn, text, store_clock.now + 86400) is None
        assert accounts.token_of(conn, "gh_else", store_clock.now) is None
        assert accounts.list_tokens(conn) == [token]
    assert token is not None
    assert (token.name, token.used_at) == ("billing", int(store_clock.now))
    assert token.roles == {Role.FINANCE}
    with sqlite_store.write(SYSTEM) as uow:
        accounts.revoke_token(uow, token_id)
    with sqlite_store.read() as conn:
        assert accounts.token_of(conn, text, store_clock.now) is None
    with sqlite_store.write(SYSTEM) as uow, pytest.raises(NotFoundError):
        accounts.revoke_token(uow, 99)


@pytest.mark.parametrize("days", [0, 366])
def test_a_token_has_an_end_within_a_year(sqlite_store: Store, days: int) -> None:
    with sqlite_store.write(SYSTEM) as uow, pytest.raises(MalformedError) as refused:
        accounts.create_token(uow, name="x", roles=[Role.FINANCE], days=days)
    assert refused.value.fields == {"days": "1 to 365"}


def test_users_are_checked_field_by_field(sqlite_store: Store, user: UserView) -> None:
    with sqlite_store.write(SYSTEM) as uow:
        with pytest.raises(ConflictError):
            accounts.create_user(uow, login="desk", name="x", roles=[Role.GUARD])
        with pytest.raises(MalformedError) as refused:
            accounts.create_user(uow, login="a b", name=" ", roles=[], language="fr")
        with pytest.raises(MalformedError):
            accounts.create_user(uow, login="short", name="x", roles=[Role.GUARD], password="123456789")
        with pytest.raises(MalformedError):
            accounts.set_language(uow, user.id, "fr")
        accounts.set_language(uow, user.id, "en")
        assert [u.language for u in accounts.list_users(uow.conn)] == ["en"]
    assert set(refused.value.fields) == {"login", "name", "roles", "language"}
