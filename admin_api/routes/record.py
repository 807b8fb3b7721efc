"""What happened: events, the live stream, alarms, and the audit."""

from collections.abc import Callable
from typing import Annotated, Literal

from anyio import to_thread
from fastapi import APIRouter, Depends, Header, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import StringConstraints

from admin_api.auth import Require, house_of
from admin_api.mutations import Call, reads, writes
from admin_api.roles import ALARMS, AUDIT, DESK_READ, RECORD
from admin_api.schemas.base import MAX_ID, AfterId, Limit, Page, RowId, page_of
from admin_api.schemas.record import AlarmOut, AuditOut, RecordOut, VerifyOut
from admin_api.stream import BATCH, NEWS, CommitBell, Part, follow
from admin_api.views import Sight, look, sight_of
from gateway.services import alarms, events
from gateway.storage import verification

router = APIRouter(prefix="/api/v1", tags=["record"])

Look = Annotated[Call, Depends(reads(RECORD))]
Audit = Annotated[Call, Depends(reads(AUDIT))]
Kind = Annotated[str, StringConstraints(pattern=r"^[a-z_]{1,30}(\.[a-z_]{0,30})?$")]
Kinds = Annotated[
    list[Kind],
    Query(
        default_factory=list,
        max_length=20,
        description="Only these; `access.` takes a whole family.",
        examples=[["access."]],
    ),
]
Target = Annotated[
    str | None, Query(pattern=r"^[a-z-]{1,20}(:[A-Za-z0-9.-]{1,40})?$", examples=["portal:main-in"], max_length=64)
]
Order = Annotated[Literal["oldest", "newest"], Query(description="Which comes first.")]


@router.get("/events", summary="What happened")
def list_events(
    call: Look,
    *,
    kind: Kinds,
    after: AfterId = 0,
    limit: Limit = 100,
    target: Target = None,
    order: Order = "oldest",
) -> Page[RecordOut]:
    """Oldest first, or with `order=newest` newest first; the cursor goes on in the same direction.

    With `order=oldest`, `after` is the number of the last record one has: what came since then is behind it,
    and `next` is null when there is nothing more yet; keep the last `seq` and ask again. A guard sees today at
    the own post; then a part may be shorter than `limit`, and only `next` says whether it was the last.
    """
    newest = order == "newest"
    with call.read() as conn:
        sight = sight_of(conn, call.caller, call.now)
        found, upto = look(conn, sight, after, limit, kinds=kind, target=target, newest=newest)
        more, _end = look(conn, Sight(), upto, 1, kinds=kind, target=target, newest=newest)
    return Page(items=[RecordOut.of(record) for record in found], next=str(upto) if more else None)


@router.get(
    "/events/stream",
    summary="What happens, live",
    response_class=Response,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream_events(
    call: Look,
    *,
    kind: Kinds,
    target: Target = None,
    last_event_id: Annotated[int | None, Header(ge=0, le=MAX_ID, description="The last record received.")] = None,
) -> Response:
    """Server-sent events: `id` is the record's number, `event` its kind. Without `Last-Event-ID` from now on.

    The kinds `encoder` (what lies on an encoder, and what it was found to be) and `encode_job` (each step of work
    on a card) come to the desk when they are asked for by name; they have no `id` and are not repeated.
    A comment comes every five seconds when nothing happens. The stream ends when the session or token ends.
    """
    bell: CommitBell = call.request.app.state.bell
    after = await _head(call) if last_event_id is None else last_event_id
    chunks = follow(bell, call.house.hub, _looker(call.request, kind, target), after)
    return StreamingResponse(chunks, media_type="text/event-stream", headers={"X-Accel-Buffering": "no"})


def _looker(request: Request, kinds: list[str], target: str | None) -> Callable[[int], Part]:
    """Reads on after a record; asks each time anew whether the asker still may."""
    house, check = house_of(request), Require(RECORD)

    def read_on(after: int) -> Part:
        caller = check(request)
        with house.store.read() as conn:
            sight = sight_of(conn, caller, int(house.clock.wall()))
            news = NEWS.intersection(kinds) if caller.may(DESK_READ) else frozenset()
            return Part(*look(conn, sight, after, BATCH, kinds=kinds, target=target), news)

    return read_on


async def _head(call: Call) -> int:
    """The number of the last record so far."""
    return await to_thread.run_sync(_head_now, call)


def _head_now(call: Call) -> int:
    with call.read() as conn:
        newest = events.latest(conn, 1)
    return newest[0].seq if newest else 0


@router.get("/alarms", summary="What a person must look at")
def list_alarms(
    call: Look,
    *,
    after: AfterId = 0,
    limit: Limit = 100,
    open_only: Annotated[bool, Query(alias="open", description="Only what nobody has acknowledged.")] = False,
) -> Page[AlarmOut]:
    """Oldest first; a repeat of an open alarm counts it up."""
    with call.read() as conn:
        found = alarms.list_alarms(conn, after, limit + 1)
    page = page_of([AlarmOut.model_validate(alarm) for alarm in found], limit, lambda alarm: alarm.id)
    shown = [alarm for alarm in page.items if not (open_only and alarm.acknowledged_at)]
    return Page(items=shown, next=page.next)


@router.post("/alarms/{alarm_id}/acknowledge", summary="Say that someone looked", response_model=AlarmOut)
def acknowledge(alarm_id: RowId, call: Annotated[Call, Depends(writes(ALARMS))]) -> Response:
    """A second one is told who did (409)."""
    return call.write(lambda uow: AlarmOut.model_validate(alarms.acknowledge(uow, alarm_id)))


@router.get("/audit", summary="What people did")
def list_audit(
    call: Audit,
    after: AfterId = 0,
    limit: Limit = 100,
    actor: Annotated[str | None, Query(pattern=r"^[a-z]{1,10}(:[A-Za-z0-9-]{1,40})?$", examples=["user:3"])] = None,
    target: Target = None,
) -> Page[AuditOut]:
    """Oldest first, with the personal data that was not erased."""
    with call.read() as conn:
        found = events.audit(conn, after, limit + 1, actor=actor, target=target, pii=True)
    return page_of([AuditOut.of(record) for record in found], limit, lambda record: record.seq)


@router.get("/audit/verify", summary="Whether the record is whole", response_model=VerifyOut)
def verify(call: Audit) -> Response:
    """Walks the whole chain: an edit, deletion, insertion or swap of any record shows."""
    with call.read() as conn:
        return call.show(VerifyOut.model_validate(verification.verify(conn)))
