"""Who may sign in: users, sessions, one-time links and the tokens of machines.

Of every secret only the SHA-256 is stored; passwords are argon2id (RFC 9106). Five wrong passwords
in a row make the next tries wait, for the login and for the network they come from (gateway.services.backoff).
"""

import hashlib
import os
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from sqlalchemy import Connection, Row, delete, insert, select, update

from gateway.domain.errors import ConflictError, MalformedError, NotFoundError, UnauthenticatedError
from gateway.domain.person import Role
from gateway.services import backoff
from gateway.storage.store import SYSTEM, Store, UnitOfWork
from gateway.storage.tables import sessions, sign_in_links, tokens, users

SESSION_S: Final = 12 * 3600
LINK_S: Final = 600
MAX_TOKEN_DAYS: Final = 365
MIN_PASSWORD: Final = 10
LANGUAGES: Final = ("zh-Hans", "zh-Hant", "en")
_TOKEN_PREFIX: Final = "gh_"  # noqa: S105  # what secret scanners look for, not a secret

Random = Callable[[int], bytes]

_hasher: Final = PasswordHasher()
_NOBODYS: Final = _hasher.hash("nobody has this password")  # an unknown login takes as long as a known one


@dataclass(frozen=True, slots=True)
class UserView:
    """Someone who uses Gatehouse."""

    id: int
    login: str
    name: str
    roles: frozenset[Role]
    language: str
    post: str | None
    disabled: bool


@dataclass(frozen=True, slots=True)
class Session:
    """A session just begun. ``secret`` goes into the cookie and is not kept; ``csrf`` into the pages."""

    secret: str
    csrf: str
    user: UserView
    expires_at: int


@dataclass(frozen=True, slots=True)
class SessionView:
    """A session that stands."""

    user: UserView
    csrf: str
    expires_at: int


@dataclass(frozen=True, slots=True)
class TokenView:
    """A machine's token, without its text. Times are unix seconds."""

    id: int
    name: str
    roles: frozenset[Role]
    created_at: int
    expires_at: int
    used_at: int | None
    revoked_at: int | None


# --- Users ----------------------------------------------------------------------------------------


def create_user(
    uow: UnitOfWork,
    *,
    login: str,
    name: str,
    roles: Collection[Role],
    password: str | None = None,
    language: str = "zh-Hans",
    post: str | None = None,
) -> UserView:
    """A user; without a password only a one-time link lets them in."""
    login, name = login.strip().casefold(), name.strip()
    _check_user(login, name, roles, language)
    if uow.conn.execute(select(users.c.id).where(users.c.login == login)).first() is not None:
        raise ConflictError("The login %(login)s is taken. Choose another.", login=login, fields={"login": "taken"})
    row = {"login": login, "name": name, "roles": sorted(roles), "language": language, "post": post}
    hashed = None if password is None else _hasher.hash(_check_password(password))
    created = insert(users).values(**row, password_hash=hashed).returning(users.c.id)
    user = get_user(uow.conn, uow.conn.execute(created).scalar_one())
    uow.record("user.created", f"user:{user.id}", {"login": login, "roles": sorted(roles), "post": post})
    return user


def _check_user(login: str, name: str, roles: Collection[Role], language: str) -> None:
    fields = {}
    if not 1 <= len(login) <= 40 or not login.replace(".", "").replace("-", "").replace("_", "").isalnum():
        fields["login"] = "1 to 40 letters, digits, dots and dashes"
    if not 1 <= len(name) <= 80:
        fields["name"] = "1 to 80 characters"
    if not roles:
        fields["roles"] = "at least one"
    if language not in LANGUAGES:
        fields["language"] = "zh-Hans, zh-Hant or en"
    if fields:
        raise MalformedError("The user needs a login, a name and a role.", fields=fields)


def _check_password(password: str) -> str:
    if not MIN_PASSWORD <= len(password) <= 200:
        raise MalformedError(
            "A password has at least %(least)s characters.", least=MIN_PASSWORD, fields={"password": "too short"}
        )
    return password


def get_user(conn: Connection, user_id: int) -> UserView:
    """One user; raises NotFoundError."""
    row = conn.execute(select(users).where(users.c.id == user_id)).first()
    if row is None:
        raise NotFoundError("There is no user %(id)s.", id=user_id)
    return _user(row)


def list_users(conn: Connection) -> list[UserView]:
    """All users, by login."""
    return [_user(row) for row in conn.execute(select(users).order_by(users.c.login))]


def _user(row: Row[Any]) -> UserView:
    roles = frozenset(Role(role) for role in row.roles)
    return UserView(row.id, row.login, row.name, roles, row.language, row.post, row.disabled_at is not None)


def change_password(uow: UnitOfWork, user_id: int, password: str) -> None:
    """A new password; every session of the user ends, and no link made before signs in any more."""
    get_user(uow.conn, user_id)
    hashed = _hasher.hash(_check_password(password))
    uow.conn.execute(update(users).where(users.c.id == user_id).values(password_hash=hashed))
    uow.conn.execute(delete(sessions).where(sessions.c.user_id == user_id))
    uow.conn.execute(delete(sign_in_links).where(sign_in_links.c.user_id == user_id))
    uow.record("user.password_changed", f"user:{user_id}")


def needs_old_password(conn: Connection, user_id: int, secret: str) -> bool:
    """Whether changing the own password in this session takes the old one.

    It does not for who has none yet, and not in a session that a link began: links are for who forgot it.
    """
    known = conn.execute(select(users.c.password_hash).where(users.c.id == user_id)).scalar() is not None
    by_link = (
        select(sign_in_links.c.hash)
        .join(sessions, (sessions.c.user_id == sign_in_links.c.user_id))
        .where(sessions.c.hash == _digest(secret), sign_in_links.c.used_at == sessions.c.created_at)
    )
    return known and conn.execute(by_link).first() is None


def check_old_password(store: Store, user_id: int, password: str, *, net: str, now: float) -> None:
    """Raises MalformedError when this is not the user's password; wrong ones count as in :func:`sign_in`."""
    with store.read() as conn:
        login = get_user(conn, user_id).login
    if _proven(store, login, password, net, int(now)) is None:
        raise MalformedError("The old password is wrong.", fields={"old_password": "not the one you sign in with"})
    with store.write(SYSTEM) as uow:
        backoff.forgive(uow, login, net)


def set_roles(uow: UnitOfWork, user_id: int, roles: Collection[Role]) -> UserView:
    """Other roles; every session of the user ends, so that none keeps the old ones."""
    before = get_user(uow.conn, user_id)
    _check_user(before.login, before.name, roles, before.language)
    uow.conn.execute(update(users).where(users.c.id == user_id).values(roles=sorted(roles)))
    uow.conn.execute(delete(sessions).where(sessions.c.user_id == user_id))
    uow.record("user.roles", f"user:{user_id}", {"before": sorted(before.roles), "after": sorted(roles)})
    return get_user(uow.conn, user_id)


def disable_user(uow: UnitOfWork, user_id: int) -> UserView:
    """Nobody signs in with this login any more; every session of the user ends."""
    get_user(uow.conn, user_id)
    uow.conn.execute(update(users).where(users.c.id == user_id).values(disabled_at=uow.now))
    uow.conn.execute(delete(sessions).where(sessions.c.user_id == user_id))
    uow.record("user.disabled", f"user:{user_id}")
    return get_user(uow.conn, user_id)


def set_language(uow: UnitOfWork, user_id: int, language: str) -> None:
    """The language of the user's pages."""
    if language not in LANGUAGES:
        raise MalformedError("Choose zh-Hans, zh-Hant or en.", fields={"language": "zh-Hans, zh-Hant or en"})
    uow.conn.execute(update(users).where(users.c.id == user_id).values(language=language))


# --- Sessions -------------------------------------------------------------------------------------


def sign_in(store: Store, *, login: str, password: str, net: str, now: float, random: Random = os.urandom) -> Session:
    """Begins a session. ``net`` is the address the request came from.

    Raises UnauthenticatedError with one sentence for every cause, TooManyError while a back-off lasts.
    A try counts before the password is looked at, so that tries at the same time count too.
    """
    row = _row_of(store, login, password, net, int(now))
    with store.write(SYSTEM) as uow:
        backoff.forgive(uow, row.login, net)
        return _begin(uow, _user(row), int(now), random)


def prove(store: Store, *, login: str, password: str, net: str, now: float) -> UserView:
    """Whose password this is, without beginning a session. Raises as :func:`sign_in`."""
    row = _row_of(store, login, password, net, int(now))
    with store.write(SYSTEM) as uow:
        backoff.forgive(uow, row.login, net)
    return _user(row)


def _row_of(store: Store, login: str, password: str, net: str, now: int) -> Row[Any]:
    row = _proven(store, login.strip().casefold(), password, net, now)
    if row is None:
        raise UnauthenticatedError("The login or the password is wrong. Try again, or ask an administrator for a link.")
    return row


def _proven(store: Store, login: str, password: str, net: str, now: int) -> Row[Any] | None:
    """The user whose password this is. A wrong one is counted, and told."""
    with store.write(SYSTEM) as uow:
        backoff.count_try(uow, login, net, now)
        row = uow.conn.execute(select(users).where(users.c.login == login)).first()
    if _matches(row, password):
        return row
    with store.write(SYSTEM) as uow:
        backoff.tell(uow, login, net)
    return None


def _matches(row: Row[Any] | None, password: str) -> bool:
    known = row is not None and row.password_hash is not None and row.disabled_at is None
    try:
        _hasher.verify(row.password_hash if known and row is not None else _NOBODYS, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    return known


def make_sign_in_link(uow: UnitOfWork, user_id: int, *, lifetime_s: int = LINK_S, random: Random = os.urandom) -> str:
    """The secret of a link that signs the user in once, within ten minutes."""
    get_user(uow.conn, user_id)
    secret = _text(random)
    row = {"hash": _digest(secret), "user_id": user_id, "expires_at": uow.now + lifetime_s}
    uow.conn.execute(insert(sign_in_links).values(row))
    uow.record("user.link_made", f"user:{user_id}", {"expires_at": uow.now + lifetime_s})
    return secret


def redeem_link(uow: UnitOfWork, secret: str, *, random: Random = os.urandom) -> Session:
    """Begins a session with a link's secret, once."""
    spent = uow.conn.execute(
        update(sign_in_links)
        .where(
            sign_in_links.c.hash == _digest(secret),
            sign_in_links.c.used_at.is_(None),
            sign_in_links.c.expires_at > uow.now,
        )
        .values(used_at=uow.now)
        .returning(sign_in_links.c.user_id)
    ).scalar()
    user = None if spent is None else get_user(uow.conn, spent)
    if user is None or user.disabled:
        raise UnauthenticatedError("This link was used already or is too old. Ask for a new one.")
    return _begin(uow, user, uow.now, random)


def _begin(uow: UnitOfWork, user: UserView, now: int, random: Random) -> Session:
    session = Session(_text(random), _text(random), user, now + SESSION_S)
    uow.conn.execute(delete(sessions).where(sessions.c.expires_at <= now))
    row = {"hash": _digest(session.secret), "user_id": user.id, "csrf": session.csrf, "created_at": now}
    uow.conn.execute(insert(sessions).values(**row, seen_at=now, expires_at=session.expires_at))
    uow.record("user.signed_in", f"user:{user.id}")
    return session


def session_of(conn: Connection, secret: str, now: float) -> SessionView | None:
    """The session behind a cookie, or None when it ended."""
    row = conn.execute(
        select(users, sessions.c.csrf, sessions.c.expires_at)
        .join(sessions, sessions.c.user_id == users.c.id)
        .where(sessions.c.hash == _digest(secret), sessions.c.expires_at > now, users.c.disabled_at.is_(None))
    ).first()
    return None if row is None else SessionView(_user(row), row.csrf, row.expires_at)


def sign_out(uow: UnitOfWork, secret: str) -> None:
    """Ends a session; one that ended already stays ended."""
    ended = uow.conn.execute(
        delete(sessions).where(sessions.c.hash == _digest(secret)).returning(sessions.c.user_id)
    ).scalar()
    if ended is not None:
        uow.record("user.signed_out", f"user:{ended}")


# --- Tokens of machines ---------------------------------------------------------------------------


def create_token(
    uow: UnitOfWork, *, name: str, roles: Collection[Role], days: int, random: Random = os.urandom
) -> tuple[int, str]:
    """A token's id and its text ("gh_…"), which is shown this once."""
    fields = {}
    if not 1 <= len(name.strip()) <= 80:
        fields["name"] = "1 to 80 characters"
    if not roles:
        fields["roles"] = "at least one"
    if not 1 <= days <= MAX_TOKEN_DAYS:
        fields["days"] = "1 to 365"
    if fields:
        raise MalformedError("The token needs a name, a role and an end.", fields=fields)
    text = _TOKEN_PREFIX + _text(random)
    row = {"name": name.strip(), "roles": sorted(roles), "created_at": uow.now, "expires_at": uow.now + days * 86400}
    created = insert(tokens).values(**row, hash=_digest(text)).returning(tokens.c.id)
    token_id: int = uow.conn.execute(created).scalar_one()
    uow.record("token.created", f"token:{token_id}", row)
    return token_id, text


def token_of(conn: Connection, text: str, now: float) -> TokenView | None:
    """The token behind a bearer text, or None when it is unknown, over or revoked."""
    row = conn.execute(
        select(tokens).where(tokens.c.hash == _digest(text), tokens.c.expires_at > now, tokens.c.revoked_at.is_(None))
    ).first()
    return None if row is None else _token(row)


def note_token_use(uow: UnitOfWork, token_id: int) -> None:
    """When the token was last used; callers need not say so more than once an hour."""
    uow.conn.execute(update(tokens).where(tokens.c.id == token_id).values(used_at=uow.now))


def revoke_token(uow: UnitOfWork, token_id: int) -> None:
    """Ends a token at once; raises NotFoundError."""
    if not uow.conn.execute(update(tokens).where(tokens.c.id == token_id).values(revoked_at=uow.now)).rowcount:
        raise NotFoundError("There is no token %(id)s.", id=token_id)
    uow.record("token.revoked", f"token:{token_id}")


def list_tokens(conn: Connection) -> list[TokenView]:
    """All tokens, oldest first."""
    return [_token(row) for row in conn.execute(select(tokens).order_by(tokens.c.id))]


def _token(row: Row[Any]) -> TokenView:
    roles = frozenset(Role(role) for role in row.roles)
    return TokenView(row.id, row.name, roles, row.created_at, row.expires_at, row.used_at, row.revoked_at)


def _text(random: Random) -> str:
    return urlsafe_b64encode(random(32)).rstrip(b"=").decode()


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()
