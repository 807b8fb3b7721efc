"""Release slips at a guard post: look, then release or refuse.

    verify(conn, keys: SlipKeys, text, *, post, now) -> Verdict              no side effects
    verify_by_number(conn, keys, slip_no, *, post, now) -> Verdict           when the QR cannot be read; online only
    release(uow, keys, *, release_id, post, lines: Sequence[Taken], text=None, slip_no=None,
            plate_seen=None, guard=None, override="", mover="") -> Verdict    RELEASED, or why not
    refuse(uow, keys, *, release_id, post, reason, text=None, slip_no=None,
           plate_seen=None, guard=None) -> Verdict                            REFUSED; an event too

A verdict is an answer, not an error: commit the transaction whatever it says. Only a release id used
for another body (ConflictError), an unknown post (NotFoundError) and a malformed request
(MalformedError) are errors. ``release_id`` is 128 random bits as hexadecimal digits, made by the post
before it asks and kept for each retry: the same request gives the same answer, however often it comes;
``Verdict.repeat`` then tells the caller not to open the barrier again.

``guard`` defaults to the actor's name. When the slip names a plate, ``plate_seen`` must be that plate,
or ``override`` say why another vehicle may go. Without "several trips" the load is every line in full.
``Verdict.must_report`` asks the page to call ``refuse`` at once, so that an alarm tells the desk.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from sqlalchemy import Connection, bindparam, update

from gateway.domain.slip_verdict import COLOURS, GRAVE, SENTENCES, Code
from gateway.services import slip_movements, slip_rows
from gateway.services.alarms import raise_alarm
from gateway.services.slip_examine import Shown, examine, examined, fits, shown, summary
from gateway.services.slip_movements import Request
from gateway.services.slip_views import SlipView, Taken, Verdict
from gateway.signing.slip_token import SlipKeys
from gateway.storage.crash import crashpoint, register
from gateway.storage.store import UnitOfWork
from gateway.storage.tables import slip_rights

__all__ = ["Taken", "Verdict", "refuse", "release", "verify", "verify_by_number"]

register("slip.before_spend", "slip.after_spend", "slip.after_movement")

_right: Final = slip_rights.c
_SPEND: Final = (
    update(slip_rights)
    .where(
        _right.slip_id == bindparam("of_slip"),
        _right.rev == bindparam("of_rev"),
        _right.line == bindparam("of_line"),
        _right.post == bindparam("of_post"),
        _right.released + bindparam("taken") <= _right.quantity,
    )
    .values(released=_right.released + bindparam("taken"))
)
"""The guarded update: it changes one row while enough is left, and none otherwise."""


def verify(conn: Connection, keys: SlipKeys, text: str, *, post: str, now: int) -> Verdict:
    """What a scanned slip is worth at this post at ``now`` (unix seconds). Changes nothing."""
    return examine(conn, shown(keys, text=text, slip_no=None), post=post, now=now)


def verify_by_number(conn: Connection, keys: SlipKeys, slip_no: int, *, post: str, now: int) -> Verdict:
    """The same for a typed number: the book stands in for the signature."""
    return examine(conn, shown(keys, text=None, slip_no=slip_no), post=post, now=now)


def release(
    uow: UnitOfWork,
    keys: SlipKeys,
    *,
    release_id: str,
    post: str,
    lines: Sequence[Taken],
    text: str | None = None,
    slip_no: int | None = None,
    plate_seen: str | None = None,
    guard: str | None = None,
    override: str = "",
    mover: str = "",
) -> Verdict:
    """Lets the load out, once. Repeats every check inside this transaction."""
    load = tuple(part for part in lines if part.qty != 0)
    who = guard or uow.actor.name
    request = Request(
        "release", release_id, post, who, text, slip_no, plate_seen, load, override.strip(), mover
    ).checked()
    slip_movements.lock_post(uow, post)
    earlier = slip_movements.find(uow, request)
    if earlier is not None and earlier.slip_id is not None:
        of = slip_rows.load(uow.conn, earlier.slip_id, now=uow.now)
        return replace(_released(uow.conn, of, earlier.id), repeat=True)
    what = shown(keys, text=text, slip_no=slip_no)
    slip_movements.lock_slip(uow, what.slip_no)
    seen, slip = examined(uow.conn, what, post=post, now=uow.now)
    verdict = _checked_load(seen, request)
    if not verdict.may_release or slip is None:
        return _stopped(uow, what, verdict, post)
    return _let_out(uow, request, what, verdict, slip)


def refuse(
    uow: UnitOfWork,
    keys: SlipKeys,
    *,
    release_id: str,
    post: str,
    reason: str,
    text: str | None = None,
    slip_no: int | None = None,
    plate_seen: str | None = None,
    guard: str | None = None,
) -> Verdict:
    """Writes down that goods were turned back, and alarms the desk when the slip itself is bad."""
    who = guard or uow.actor.name
    request = Request("refuse", release_id, post, who, text, slip_no, plate_seen, reason=reason.strip()).checked()
    slip_movements.lock_post(uow, post)
    what = shown(keys, text=text, slip_no=slip_no)
    verdict, slip = examined(uow.conn, what, post=post, now=uow.now)
    if slip_movements.find(uow, request) is None:
        _write_refusal(uow, request, what, verdict, slip)
    return _as(verdict, Code.REFUSED)


def _checked_load(verdict: Verdict, request: Request) -> Verdict:
    if not verdict.may_release:
        return verdict
    if verdict.plate and verdict.plate != request.plate_seen and not request.reason:
        return _as(verdict, Code.PLATE_MISMATCH)
    if not fits(verdict.lines, request.lines, several_trips=verdict.several_trips):
        return _as(verdict, Code.LIST_MISMATCH)
    return verdict


def _let_out(uow: UnitOfWork, request: Request, what: Shown, verdict: Verdict, slip: SlipView) -> Verdict:
    crashpoint("slip.before_spend")
    if not spend(uow, slip, request.lines):
        return _stopped(uow, what, _as(verdict, Code.RACE_LOST), request.post)
    crashpoint("slip.after_spend")
    taken = {part.line: part.qty for part in request.lines}
    left = {str(line.line): line.released + taken.get(line.line, 0) for line in slip.lines}
    made = slip_movements.append(uow, request, slip, {"left": left, "override": request.reason})
    body = {"slip_no": slip.slip_no, "post": request.post, "lines": taken, "plate": request.plate_seen}
    pii = {"guard": request.guard, "mover": request.mover}
    uow.record("slip.released", f"slip:{slip.id}", {**body, "override": request.reason}, pii=pii)
    crashpoint("slip.after_movement")
    return _released(uow.conn, slip, made)


def spend(uow: UnitOfWork, slip: SlipView, lines: Sequence[Taken]) -> bool:
    """Takes all of the load from the right, or nothing of it. The one place where goods leave."""
    whole = uow.conn.begin_nested()
    for part in lines:
        of = {"of_slip": slip.id, "of_rev": slip.rev, "of_post": slip.post, "of_line": part.line, "taken": part.qty}
        if uow.conn.execute(_SPEND, of).rowcount != 1:
            whole.rollback()
            return False
    whole.commit()
    return True


def _released(conn: Connection, slip: SlipView, movement_id: int) -> Verdict:
    """The answer to a release, the same whenever it is asked for: as things stood just after it."""
    story = slip_rows.until_movement(conn, slip.id, movement_id)
    this = story[-1]
    left = this.detail["left"]
    lines = tuple(replace(line, released=left[str(line.line)]) for line in slip.lines)
    about = {**summary(slip), "lines": lines, "evidence": story, "release_id": this.release_id}
    return Verdict.of(Code.RELEASED, params={"slip_no": slip.slip_no}, **about)


def _stopped(uow: UnitOfWork, what: Shown, verdict: Verdict, post: str) -> Verdict:
    """Alarms the desk when the slip itself is bad. A typed number that no slip has is a slip of the finger."""
    grave = verdict.code in GRAVE and not (verdict.code is Code.UNKNOWN_SLIP and what.reading is None)
    if grave:
        detail = {"code": verdict.code, "post": post, "slip_no": verdict.slip_no}
        source = f"post:{post}" if verdict.slip_no is None else f"slip-no:{verdict.slip_no}"
        raise_alarm(uow, "slip_presented", source, detail)
    return verdict


def _write_refusal(uow: UnitOfWork, request: Request, what: Shown, verdict: Verdict, slip: SlipView | None) -> None:
    body = {"slip_no": verdict.slip_no, "post": request.post, "code": verdict.code, "reason": request.reason}
    slip_movements.append(uow, request, slip, {"code": verdict.code, "reason": request.reason})
    target = f"post:{request.post}" if slip is None else f"slip:{slip.id}"
    uow.record("slip.refused", target, body, pii={"guard": request.guard})
    _stopped(uow, what, verdict, request.post)


def _as(verdict: Verdict, code: Code) -> Verdict:
    return replace(verdict, code=code, colour=COLOURS[code], template=SENTENCES[code])
