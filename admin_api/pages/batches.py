"""A handover day at an encoder: who is next, one card after the other, and how far the list is."""

from dataclasses import dataclass
from typing import Annotated, Any, Final

from fastapi import Depends, Response
from sqlalchemy import Connection

from admin_api import roles
from admin_api.pages import encoder_faces
from admin_api.pages.encode_words import JOB_STATES
from admin_api.pages.encoder_faces import Face, Work
from admin_api.pages.forms import Form
from admin_api.pages.i18n import N_
from admin_api.pages.web import Enter, Visit, router, see_other
from admin_api.pages.words import State
from gateway.services import encode_jobs
from gateway.services.encode_jobs import BatchReport, JobState, JobView

routes = router()
Reader = Annotated[Visit, Depends(Enter(roles.DESK_READ))]
Clerk = Annotated[Visit, Depends(Enter(roles.DESK))]

_NOT_YET: Final = State(N_("waits for its card"), "", "wait")
_NEXT: Final = State(N_("next"), "amber", "card")


@dataclass(frozen=True, slots=True)
class Place:
    """An encoder that writes the list. ``next`` is whom to call; ``done`` the row whose card lies there, written."""

    face: Face
    next: JobView | None
    done: JobView | None


@dataclass(frozen=True, slots=True)
class Row:
    """A row of the list, in words."""

    work: Work
    state: State


@routes.get("/desk/batches")
def batches(visit: Reader) -> Response:
    """Open lists, and the last that were closed."""
    with visit.read() as conn:
        known = encode_jobs.list_batches(conn, only_open=False, limit=50)
    return visit.render("desk/batches.html", here="desk", batches=known)


@routes.get("/desk/batches/{batch_id}")
def batch(visit: Reader, batch_id: str) -> Response:
    """One list: who is next, and every row."""
    with visit.read() as conn:
        return visit.render("desk/batch.html", here="desk", **_context(visit, conn, batch_id))


@routes.get("/desk/batches/{batch_id}/now")
def now(visit: Reader, batch_id: str) -> Response:
    """Who is next, alone: while cards come and go."""
    with visit.read() as conn:
        return visit.render("fragment.html", part="desk/batch-now.html", **_context(visit, conn, batch_id))


@routes.get("/desk/batches/{batch_id}/rows")
def rows(visit: Reader, batch_id: str) -> Response:
    """The rows alone."""
    with visit.read() as conn:
        return visit.render("fragment.html", part="desk/batch-rows.html", **_context(visit, conn, batch_id))


@routes.post("/desk/batches/{batch_id}/start")
def start(visit: Clerk, batch_id: str) -> Response:
    """From now on each blank card laid down at this encoder is the next one."""
    with visit.read() as conn:
        encode_jobs.get_batch(conn, batch_id)
    visit.house.encoding.follow(str(visit.form.get("encoder", "")), batch_id, visit.caller.actor)
    return see_other(f"/desk/batches/{batch_id}")


@routes.post("/desk/batches/{batch_id}/stop")
def stop(visit: Clerk, batch_id: str) -> Response:
    """Cards laid down at this encoder are only looked at."""
    encoder = str(visit.form.get("encoder", ""))
    if visit.house.encoding.following().get(encoder) == batch_id:
        visit.house.encoding.unfollow(encoder)
    return see_other(f"/desk/batches/{batch_id}")


@routes.post("/desk/batches/{batch_id}/rows/{job_id}/skip")
def skip(visit: Clerk, batch_id: str, job_id: str) -> Response:
    """Somebody is not there yet: the row comes again after all others, and this encoder takes the next one."""
    encoder = str(visit.form.get("encoder", "")) or None
    visit.write(lambda uow: encode_jobs.skip(uow, job_id, encoder))
    if encoder is not None and visit.house.encoding.following().get(encoder) == batch_id:
        visit.house.encoding.follow(encoder, batch_id, visit.caller.actor)
    return see_other(f"/desk/batches/{batch_id}")


@routes.get("/desk/batches/{batch_id}/close")
def ask_close(visit: Clerk, batch_id: str) -> Response:
    """Asks by naming the list."""
    with visit.read() as conn:
        return visit.render("desk/batch-close.html", here="desk", batch=encode_jobs.get_batch(conn, batch_id))


@routes.post("/desk/batches/{batch_id}/close")
def close(visit: Clerk, batch_id: str) -> Response:
    """The day is over: rows without a card are given up."""
    visit.write(lambda uow: encode_jobs.close_batch(uow, batch_id))
    for encoder, followed in dict(visit.house.encoding.following()).items():
        if followed == batch_id:
            visit.house.encoding.unfollow(encoder)
    return see_other(f"/desk/batches/{batch_id}")


def _context(visit: Visit, conn: Connection, batch_id: str) -> dict[str, Any]:
    report = encode_jobs.report(conn, batch_id)
    faces = encoder_faces.faces(visit, conn, None, None)
    mine = [face for face in faces if face.batch is not None and face.batch.id == batch_id]
    return {
        "batch": report.batch,
        "places": [_place(visit, conn, report, face) for face in mine],
        "free": [face for face in faces if face.batch is None],
        "rows": [_row(visit, job) for job in report.jobs],
        "failed": _failed(report),
        "key_version": visit.house.encoding.key_version(),
        "here_path": f"/desk/batches/{batch_id}",
        "sheet": None,
        "form": Form(),
    }


def _place(visit: Visit, conn: Connection, report: BatchReport, face: Face) -> Place:
    encoder = face.laid.encoder
    following = encode_jobs.next_in_batch(conn, report.batch.id, encoder=encoder, now=visit.now)
    lies = None if face.laid.card is None else face.laid.card.uid
    done = next((job for job in report.jobs if job.state is JobState.ACTIVE and job.uid == lies), None)
    return Place(face, following, done if face.act == "show" else None)


def _failed(report: BatchReport) -> str:
    """Changes whenever something went wrong with a row, so that the page can say it aloud."""
    return " ".join(f"{job.id}:{job.rev}" for job in report.jobs if job.why is not None)


def _row(visit: Visit, job: JobView) -> Row:
    work = encoder_faces.work_of(visit, job)
    if job.state is JobState.PLANNED and job.uid is None:
        return Row(work, _NEXT if job.leased(visit.now) else _NOT_YET)
    return Row(work, JOB_STATES[job.state])
