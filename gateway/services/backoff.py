"""Wrong passwords: after five in a row the next tries wait, ever longer, and somebody is told (R-GATE-4).

The wait is 1 s after the fifth, doubles with each further one and ends at a quarter of an hour:
nobody is locked out for ever. An hour without a wrong try is a clean sheet.
"""

from ipaddress import ip_address, ip_network
from typing import Final

from sqlalchemy import delete, select, update
from sqlalchemy.dialects import postgresql, sqlite

from gateway.domain.errors import TooManyError
from gateway.services.alarms import raise_alarm
from gateway.storage.store import UnitOfWork
from gateway.storage.tables import sign_in_failures

FREE_TRIES: Final = 5
MAX_WAIT_S: Final = 15 * 60
FORGET_S: Final = 3600


def wait_s(failures: int) -> int:
    """How long to wait after so many failures in a row."""
    return 0 if failures < FREE_TRIES else min(2 ** min(failures - FREE_TRIES, 10), MAX_WAIT_S)


def count_try(uow: UnitOfWork, login: str, net: str, now: int) -> None:
    """Counts a try as failed until :func:`forgive`; raises TooManyError, uncounted, while one has to wait."""
    standing = [(who, _standing(uow, who, now)) for who in _names(login, net)]
    left = max(last_at + wait_s(count) - now for _who, (count, last_at) in standing)
    if left > 0:
        raise TooManyError(
            "Too many wrong passwords. Wait %(retry_after_s)s seconds, then try again.", retry_after_s=left
        )
    for who, (count, _last_at) in standing:
        _set(uow, who, count + 1, now)


def tell(uow: UnitOfWork, login: str, net: str) -> None:
    """The password was wrong: raises an alarm from the fifth time on."""
    for who in _names(login, net):
        count, _last_at = _standing(uow, who, uow.now)
        if count >= FREE_TRIES:
            raise_alarm(uow, "sign_in_failures", who[:64], {"count": count})


def forgive(uow: UnitOfWork, login: str, net: str) -> None:
    """The password was right: the login has a clean sheet, and this try does not count against the network."""
    by_login, by_net = _names(login, net)
    table = sign_in_failures
    uow.conn.execute(delete(table).where(table.c.who == by_login))
    uow.conn.execute(update(table).where(table.c.who == by_net).values(count=table.c.count - 1))


def _standing(uow: UnitOfWork, who: str, now: int) -> tuple[int, int]:
    table = sign_in_failures
    row = uow.conn.execute(select(table.c.count, table.c.last_at).where(table.c.who == who).with_for_update()).first()
    if row is None:
        return 0, 0
    count, last_at = row
    return (0, 0) if last_at + FORGET_S <= now else (count, last_at)


def _set(uow: UnitOfWork, who: str, count: int, now: int) -> None:
    """Also when another process counted the first try of the same name at the same moment."""
    insert = postgresql.insert if uow.conn.dialect.name == "postgresql" else sqlite.insert
    written = insert(sign_in_failures).values(who=who, count=count, last_at=now)
    changed = {"count": count, "last_at": now}
    uow.conn.execute(written.on_conflict_do_update(index_elements=[sign_in_failures.c.who], set_=changed))


def _names(login: str, net: str) -> tuple[str, str]:
    return f"login:{login}"[:80], f"net:{network_of(net)}"


def network_of(address: str) -> str:
    """The /24 of an IPv4 address, the /64 of an IPv6 one; anything else as it is."""
    try:
        known = ip_address(address)
    except ValueError:
        return address[:60]
    return str(ip_network((known, 24 if known.version == 4 else 64), strict=False))
