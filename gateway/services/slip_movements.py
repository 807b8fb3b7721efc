"""The append-only book of what happened at the posts. An event is named by its release id and its kind for ever."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, Final, Literal, NamedTuple, Self

from sqlalchemy import bindparam, func, insert, select

from gateway.domain.errors import ConflictError, MalformedError
from gateway.domain.plate import normal_plate
from gateway.services.slip_views import SlipView, Taken
from gateway.storage.store import UnitOfWork
from gateway.storage.tables import posts, slip_movements, slips

_ID: Final = re.compile(r"[0-9a-f]{32}")

# Built once: a release runs them while somebody waits at the barrier.
_LOCK_POST: Final = select(posts.c.id).where(posts.c.id == bindparam("post")).with_for_update()
_LOCK_SLIP: Final = select(slips.c.id).where(slips.c.slip_no == bindparam("number")).with_for_update()
_EARLIER: Final = select(slip_movements.c.id, slip_movements.c.slip_id, slip_movements.c.body_hash).where(
    slip_movements.c.release_id == bindparam("release_id"), slip_movements.c.kind == bindparam("kind")
)
_LAST_SEQ: Final = select(func.max(slip_movements.c.seq)).where(
    slip_movements.c.post == bindparam("post"), slip_movements.c.boot == bindparam("boot")
)
_APPEND: Final = insert(slip_movements).returning(slip_movements.c.id)


class Made(NamedTuple):
    """The movement that a request made, and the slip it was of."""

    id: int
    slip_id: int | None


@dataclass(frozen=True, slots=True)
class Request:
    """What a post asked for, in the form in which two requests are compared."""

    kind: Literal["release", "refuse"]
    id: str
    post: str
    guard: str
    text: str | None
    slip_no: int | None
    plate_seen: str | None
    lines: tuple[Taken, ...] = ()
    reason: str = ""
    mover: str = ""

    @property
    def digest(self) -> bytes:
        """SHA-256 of the request."""
        return hashlib.sha256(json.dumps(asdict(self), sort_keys=True, ensure_ascii=False).encode()).digest()

    def checked(self) -> Self:
        """With its id and plate in their one form. Raises MalformedError for a bad id, plate, name or reason."""
        plain = self.id.replace("-", "").lower()
        fields = {} if _ID.fullmatch(plain) else {"release_id": "128 bits as 32 hexadecimal digits"}
        if not 1 <= len(self.guard) <= 80:
            fields["guard"] = "1 to 80 characters"
        if len(self.reason) > 200 or len(self.mover) > 80:
            fields["reason"] = "at most 200 characters"
        if fields:
            raise MalformedError("The request is not complete.", fields=fields)
        return replace(self, id=plain, plate_seen=normal_plate(self.plate_seen))


def lock_post(uow: UnitOfWork, post: str) -> None:
    """One writer a post: its events are numbered one after the other."""
    uow.conn.execute(_LOCK_POST, {"post": post})


def lock_slip(uow: UnitOfWork, slip_no: int | None) -> None:
    """Nobody else releases or voids this slip until the transaction ends."""
    if slip_no is not None:
        uow.conn.execute(_LOCK_SLIP, {"number": slip_no})


def find(uow: UnitOfWork, request: Request) -> Made | None:
    """What an earlier copy of this request made; ConflictError if that one said otherwise."""
    row = uow.conn.execute(_EARLIER, {"release_id": request.id, "kind": request.kind}).first()
    if row is None:
        return None
    if row.body_hash != request.digest:
        raise ConflictError(
            "This release was sent before with other goods, another car or post. Scan the slip again and begin anew."
        )
    return Made(row.id, row.slip_id)


def append(uow: UnitOfWork, request: Request, slip: SlipView | None, detail: Mapping[str, Any]) -> int:
    """Writes the event and returns its id. The post must be locked."""
    last: int | None = uow.conn.execute(_LAST_SEQ, {"post": request.post, "boot": uow.boot}).scalar()
    row = {
        "release_id": request.id,
        "kind": request.kind,
        "slip_id": slip and slip.id,
        "slip_no": slip and slip.slip_no,
        "rev": slip and slip.rev,
        "post": request.post,
        "boot": uow.boot,
        "seq": (last or 0) + 1,
        "lines": [asdict(part) for part in request.lines],
        "guard": request.guard,
        "plate_seen": request.plate_seen,
        "at": uow.now,
        "detail": dict(detail),
        "body_hash": request.digest,
    }
    made: int = uow.conn.execute(_APPEND, row).scalar_one()
    return made
