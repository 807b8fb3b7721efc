"""Work at the desk's encoders: write anew, wipe, try again, give up."""

from typing import Annotated

from fastapi import Depends, Response

from admin_api import encoding, roles
from admin_api.pages import desk_views as views
from admin_api.pages import encoder_faces
from admin_api.pages.encode_acts import ENCODER_ACTS, JOB_ACTS, EncoderAct, JobAct
from admin_api.pages.forms import Form
from admin_api.pages.i18n import N_
from admin_api.pages.web import Enter, Visit, own_path, router, see_other
from gateway.domain.errors import ConflictError, GatehouseError, NotFoundError
from gateway.domain.identity import parse_uid
from gateway.services import cards, encode_jobs
from gateway.services.cards import CardView
from gateway.services.encode_jobs import JobKind, JobView, Order

routes = router()
Reader = Annotated[Visit, Depends(Enter(roles.DESK_READ))]
Clerk = Annotated[Visit, Depends(Enter(roles.DESK))]


# --- The card on an encoder -----------------------------------------------------------------------


@routes.post("/desk/encoders/{encoder}/look")
def look_again(visit: Clerk, encoder: str) -> Response:
    """As if the card had been laid down anew."""
    visit.house.encoding.look_again(encoder)
    return see_other(_back_to(visit))


@routes.get("/desk/encoders/{encoder}/{act_key}/{uid}")
def ask(visit: Clerk, encoder: str, act_key: str, uid: str) -> Response:
    """Asks by naming the card."""
    return _ask(visit, encoder, act_key, uid, Form())


@routes.post("/desk/encoders/{encoder}/{act_key}/{uid}")
def order(visit: Clerk, encoder: str, act_key: str, uid: str) -> Response:
    """Plans the work on the card that was named, and begins it."""
    act = _encoder_act(act_key)
    try:
        found = encoding.found_on(visit.house, encoder, parse_uid(uid))
        card = _card(visit, uid)
        needs_card = act.what is not JobKind.RECOVER
        wanted = Order(act.what, card_id=card.id if card and needs_card else None)
        version = visit.house.encoding.key_version()
        job = visit.write(lambda uow: encoding.plan(uow, visit.house, version, wanted, found))
    except GatehouseError as error:
        return _ask(visit, encoder, act_key, uid, visit.again(error))
    visit.house.encoding.begin(encoder, job.id, visit.caller.actor)
    if card is None or card.unit_id is None:
        return see_other("/desk")
    return see_other(f"/desk/units/{card.unit_id}?person={card.holder_id}&job={job.id}")


def _ask(visit: Visit, encoder: str, act_key: str, uid: str, form: Form) -> Response:
    act, card = _encoder_act(act_key), _card(visit, uid)
    if card is None and act.what is not JobKind.RECOVER:
        raise ConflictError(N_("Another card lies on the encoder now. Look again, then issue it."))
    return visit.render(
        "desk/encoder-act.html",
        status=422 if form.sentence else 200,
        here="desk",
        act=act,
        name=card.number if card else parse_uid(uid).hex(" ").upper(),
        card=card,
        action=f"/desk/encoders/{encoder}/{act_key}/{uid}",
        form=form,
    )


def _encoder_act(key: str) -> EncoderAct:
    if key not in ENCODER_ACTS:
        raise NotFoundError(N_("There is no such page."))
    return ENCODER_ACTS[key]


def _card(visit: Visit, uid: str) -> CardView | None:
    with visit.read() as conn:
        return cards.by_uid(conn, parse_uid(uid))


# --- Work that was begun --------------------------------------------------------------------------


@routes.get("/desk/jobs/{job_id}/outcome")
def outcome(visit: Reader, job_id: str) -> Response:
    """What became of it, for the one who ordered it."""
    with visit.read() as conn:
        shown = views.outcome(visit, conn, encode_jobs.get(conn, job_id))
        return visit.render("fragment.html", part="desk/outcome.html", outcome=shown)


@routes.get("/desk/jobs/{job_id}/{act_key}")
def ask_job(visit: Clerk, job_id: str, act_key: str) -> Response:
    """Asks by naming the card."""
    return _ask_job(visit, job_id, act_key, Form())


@routes.post("/desk/jobs/{job_id}/{act_key}")
def do_job(visit: Clerk, job_id: str, act_key: str) -> Response:
    """Gives the work up; what then has to happen with the card stands on the desk."""
    act = _job_act(act_key)
    try:
        job = visit.write(lambda uow: act.run(uow, job_id))
    except GatehouseError as error:
        return _ask_job(visit, job_id, act_key, visit.again(error))
    _look(visit, job)
    return see_other(home_of(job))


def _look(visit: Visit, job: JobView) -> None:
    """A card that lies there is looked at anew: it may be wiped at once."""
    for laid in visit.house.encoders.laid():
        if laid.card is not None and laid.card.uid == job.uid:
            visit.house.encoding.look_again(laid.encoder)


def home_of(job: JobView) -> str:
    """The page of those whose card it is."""
    if job.batch is not None:
        return f"/desk/batches/{job.batch}"
    order = job.order
    return "/desk" if order.unit_id is None else f"/desk/units/{order.unit_id}?person={order.person_id}"


def _ask_job(visit: Visit, job_id: str, act_key: str, form: Form) -> Response:
    act = _job_act(act_key)
    with visit.read() as conn:
        work = encoder_faces.work_of(visit, encode_jobs.get(conn, job_id))
    return visit.render(
        "desk/job-act.html",
        status=422 if form.sentence else 200,
        here="desk",
        act=act,
        act_key=act_key,
        work=work,
        tell=act.tell(work.job),
        back=home_of(work.job),
        form=form,
    )


def _job_act(key: str) -> JobAct:
    if key not in JOB_ACTS:
        raise NotFoundError(N_("There is no such page."))
    return JOB_ACTS[key]


def _back_to(visit: Visit) -> str:
    return own_path(str(visit.form.get("back", "/desk")), "/desk")
