"""The encoder's face at the desk: what lies on it, whose it is, and the next sensible act."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from sqlalchemy import Connection

from admin_api import encoding
from admin_api.pages.web import Visit
from gateway.domain.card import HELD, CardState
from gateway.domain.encode_job import JobState
from gateway.ports import DeviceState, DeviceStatus
from gateway.ports.cards import FoundCard, FoundState
from gateway.runtime.house import LaidCard
from gateway.services import cards, encode_jobs
from gateway.services.cards import CardView
from gateway.services.encode_jobs import BatchView, JobView
from gateway.services.household import HouseholdView, OccupantView

_REPLACEABLE: Final = frozenset({CardState.LOST, CardState.DEFECTIVE})
_DARK: Final = frozenset({DeviceState.OFFLINE, DeviceState.QUARANTINED})


@dataclass(frozen=True, slots=True)
class Work:
    """A piece of work at an encoder.

    ``stage`` is "beginning", "writing", "wiping" (a desk is at it), "elsewhere" (another desk is), "planned",
    "interrupted" or "unwiped" (nobody is). ``steps`` are English phrases; ``why`` is a whole sentence, translated.
    """

    job: JobView
    stage: str
    steps: tuple[str, ...] = ()
    why: str = ""

    @property
    def step(self) -> str:
        """What is done to the card now."""
        return self.steps[self.job.step] if self.job.step < len(self.steps) else ""

    @property
    def running(self) -> bool:
        """Whether the card has to stay where it is."""
        return self.stage in {"beginning", "writing", "wiping"}


@dataclass(frozen=True, slots=True)
class Face:
    """An encoder: what lies on it, whose it is, and the next sensible act.

    ``act`` is with nothing to act on "gone", "lay", "unreadable", "random", "looking" or "failed"; with work "work";
    with the card of someone "show"; with one to be issued "issue", "replace", "choose" or "no-keys"; with one to be
    wiped "ended", "orphan" or "torn"; with one of no use "foreign" or "locked". ``anew`` says why a card should be
    written anew: "old", "blank", "torn" or "other". ``waits`` is work that was interrupted here and whose card does
    not lie here now.
    """

    laid: LaidCard
    act: str
    card: CardView | None = None
    person: OccupantView | None = None
    old: CardView | None = None
    why: str = ""
    anew: str = ""
    work: Work | None = None
    waits: Work | None = None
    batch: BatchView | None = None

    @property
    def written(self) -> bool:
        """Whether something is or can be written on the card."""
        return self.laid.found is not None and encoding.is_written(self.laid.found)


@dataclass(frozen=True, slots=True)
class _Desk:
    """What all faces are seen against."""

    visit: Visit
    conn: Connection
    sheet: HouseholdView | None
    person: OccupantView | None
    version: int | None


def faces(visit: Visit, conn: Connection, sheet: HouseholdView | None, person_id: int | None) -> list[Face]:
    """All encoders as they stand."""
    desk = _Desk(visit, conn, sheet, _person(sheet, person_id), visit.house.encoding.key_version())
    dark = {status.device: status for status in visit.house.devices.statuses() if status.state in _DARK}
    following = visit.house.encoding.following()
    unfinished = open_work(visit, conn)
    return [
        replace(
            _face(desk, laid, dark.get(laid.encoder)),
            waits=_waiting(laid, unfinished),
            batch=encode_jobs.get_batch(conn, following[laid.encoder]) if laid.encoder in following else None,
        )
        for laid in visit.house.encoders.laid()
    ]


def open_work(visit: Visit, conn: Connection) -> list[Work]:
    """Cards that somebody began to write and that no desk has now, the latest first."""
    jobs = encode_jobs.list_jobs(conn, bound=True)
    seen = [work_of(visit, job) for job in jobs if not job.leased(visit.now)]
    return sorted(seen, key=lambda work: -work.job.updated_at)


def work_of(visit: Visit, job: JobView, encoder: str | None = None) -> Work:
    """A piece of work, as ``encoder`` sees it."""
    why = visit.say.fill(job.why["template"], job.why["params"]) if job.why else ""
    steps = tuple(visit.house.encoding.steps(job)) if job.open else ()
    return Work(job, _stage(job, visit.now, encoder), steps, why)


def _stage(job: JobView, now: int, encoder: str | None) -> str:
    if job.leased(now):
        if encoder is not None and job.encoder != encoder:
            return "elsewhere"
        return "wiping" if job.wipes else "beginning" if job.state is JobState.PLANNED else "writing"
    if job.state is JobState.PLANNED:
        return "planned"
    return "unwiped" if job.wipes else "interrupted"


def _waiting(laid: LaidCard, unfinished: Sequence[Work]) -> Work | None:
    uid = laid.card.uid if laid.card else None
    mine = (work for work in unfinished if work.job.encoder == laid.encoder and work.job.uid != uid)
    return next((work for work in mine if work.stage != "planned" or uid is None), None)


def _person(sheet: HouseholdView | None, person_id: int | None) -> OccupantView | None:
    if sheet is None:
        return None
    return next((o for o in sheet.occupants if o.person_id == person_id), None)


def _face(desk: _Desk, laid: LaidCard, dark: DeviceStatus | None) -> Face:
    say, person = desk.visit.say, desk.person
    if dark is not None:
        return Face(laid, "gone", person=person, why=say.fill(dark.why, dark.params) if dark.why else "")
    why = say.fill(laid.why, laid.params or {}) if laid.why else ""
    if laid.card is None:
        return Face(laid, "unreadable" if why else "lay", person=person, why=why)
    if laid.card.random_uid:
        return Face(laid, "random", person=person)
    job = encode_jobs.open_for_uid(desk.conn, laid.card.uid)
    if job is not None:
        work = work_of(desk.visit, job, laid.encoder)
        return Face(laid, "work", _card(desk, laid), person, why=work.why or why, work=work)
    if laid.found is None:
        return Face(laid, "failed" if why else "looking", _card(desk, laid), person, why=why)
    return _found(desk, laid, laid.found)


def _card(desk: _Desk, laid: LaidCard) -> CardView | None:
    return None if laid.card is None else cards.by_uid(desk.conn, laid.card.uid)


def _found(desk: _Desk, laid: LaidCard, found: FoundCard) -> Face:
    card = _card(desk, laid)
    seen = Face(laid, "choose", card, desk.person)
    if desk.version is None and found.state is not FoundState.UID_ONLY:
        return replace(seen, act="no-keys")
    match found.state:
        case FoundState.FOREIGN | FoundState.LOCKED:
            return replace(seen, act=found.state.value)
        case FoundState.OURS:
            return _ours(desk, seen, found)
        case FoundState.TORN:
            held = card is not None and card.state in HELD
            return replace(seen, act="show", anew=_anew(card, "torn")) if held else replace(seen, act="torn")
        case FoundState.BLANK | FoundState.UID_ONLY:
            return _blank(desk, seen)


def _ours(desk: _Desk, seen: Face, found: FoundCard) -> Face:
    card = seen.card
    known = card is not None and found.data is not None and card.secure_number == found.data.number
    if card is None or (not known and card.state not in HELD):
        return replace(seen, act="orphan")
    if not known:
        return replace(seen, act="show", anew=_anew(card, "other"))
    if card.state not in HELD:
        return replace(seen, act="ended")
    return replace(seen, act="show", anew=_anew(card, "old") if found.key_version != desk.version else "")


def _anew(card: CardView | None, why: str) -> str:
    """Only an active card is written anew (R-CARD-27)."""
    return why if card is not None and card.state is CardState.ACTIVE else ""


def _blank(desk: _Desk, seen: Face) -> Face:
    card = seen.card
    if card is not None and card.state in HELD:
        return replace(seen, act="show", anew=_anew(card, "blank") if seen.written else "")
    if card is not None and card.state is not CardState.BLANK:
        return replace(seen, act="ended")
    if seen.person is None:
        return seen
    old = _old_card(desk.sheet, seen.person)
    return replace(seen, act="replace" if old else "issue", old=old)


def _old_card(sheet: HouseholdView | None, person: OccupantView) -> CardView | None:
    mine = [card for card in sheet.cards if card.holder_id == person.person_id] if sheet else []
    return next((card for card in mine if card.state in _REPLACEABLE), None)
