"""Which records a caller may see: a guard those of today at the own post, the others all."""

from collections.abc import Collection
from dataclasses import dataclass

from sqlalchemy import Connection

from admin_api.auth import Caller
from gateway.domain.issuance import end_of_day
from gateway.domain.person import Role
from gateway.services import events, gates
from gateway.services.clockwork import day_of, zone_of
from gateway.services.records import RecordView

_DAY_S = 24 * 3600


@dataclass(frozen=True, slots=True)
class Sight:
    """``targets`` and ``posts`` bound what is seen, from ``since_ms`` on; None of them bounds nothing."""

    targets: frozenset[str] | None = None
    posts: frozenset[str] = frozenset()
    since_ms: int = 0

    def sees(self, record: RecordView) -> bool:
        """Whether this record is within sight."""
        if self.targets is None:
            return True
        here = record.target in self.targets or record.body.get("post") in self.posts
        return here and record.at >= self.since_ms


def sight_of(conn: Connection, caller: Caller, now: int) -> Sight:
    """What the caller may see now."""
    if caller.actor.roles - {Role.GUARD}:
        return Sight()
    post = next((p for p in gates.list_posts(conn) if p.id == caller.actor.post), None)
    if post is None:
        return Sight(frozenset())
    targets = {f"post:{post.id}", *([f"portal:{post.portal}"] if post.portal else [])}
    midnight = end_of_day(day_of(conn, now - _DAY_S), zone_of(conn))
    return Sight(frozenset(targets), frozenset({post.id}), midnight * 1000)


def look(
    conn: Connection,
    sight: Sight,
    after: int,
    limit: int,
    *,
    kinds: Collection[str] = (),
    target: str | None = None,
    newest: bool = False,
) -> tuple[list[RecordView], int]:
    """What follows record ``after`` and is within sight, and how far was looked.

    ``newest`` goes the other way: what came before record ``after``, or the newest of all after 0.
    """
    if newest:
        found = events.latest(conn, limit, before=after or None, kinds=kinds, target=target)
    else:
        found = events.events(conn, after, limit, kinds=kinds, target=target)
    return [record for record in found if sight.sees(record)], found[-1].seq if found else after
