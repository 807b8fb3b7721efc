"""One card at the desk: its story, where it opens, and what can be done with it."""

from typing import Annotated

from fastapi import Depends, Response

from admin_api import roles
from admin_api.pages import desk_views as views
from admin_api.pages.card_acts import BY_KEY, Act, acts_for
from admin_api.pages.forms import Form, texts
from admin_api.pages.i18n import N_
from admin_api.pages.web import Enter, Visit, router, see_other
from gateway.domain.errors import ForbiddenError, GatehouseError, NotFoundError
from gateway.domain.issuance import APPROVERS
from gateway.services import cards
from gateway.services.cards import CardView

routes = router()
Reader = Annotated[Visit, Depends(Enter(roles.DESK_READ))]
Actor = Annotated[Visit, Depends(Enter(roles.LOSS))]


@routes.get("/desk/cards/{card_id}")
def card_page(visit: Reader, card_id: int) -> Response:
    """The card, its gates and its story."""
    with visit.read() as conn:
        card = cards.get(conn, card_id)
        reach, story = views.reach(visit, conn, card), views.story(conn, card_id)
    acts = acts_for(card, visit.may)
    return visit.render("desk/card.html", here="desk", card=card, reach=reach, story=story, acts=acts, back=_back(card))


@routes.get("/desk/cards/{card_id}/reach")
def card_reach(visit: Reader, card_id: int) -> Response:
    """Where a change has arrived, while it travels."""
    with visit.read() as conn:
        reach = views.reach(visit, conn, cards.get(conn, card_id))
    return visit.render("fragment.html", part="desk/reach.html", reach=reach)


@routes.get("/desk/cards/{card_id}/{act_key}")
def ask(visit: Actor, card_id: int, act_key: str) -> Response:
    """Asks by naming the card."""
    act = _act(visit, act_key)
    with visit.read() as conn:
        return _ask(visit, act, cards.get(conn, card_id), Form())


@routes.post("/desk/cards/{card_id}/{act_key}")
def do(visit: Actor, card_id: int, act_key: str) -> Response:
    """Does it, and shows the household with the reach of the change."""
    act = _act(visit, act_key)
    try:
        card = visit.write(lambda uow: act.run(uow, visit.house.keys, card_id, texts(visit.form)))
    except GatehouseError as error:
        form = visit.again(error)
        with visit.read() as conn:
            return _ask(visit, act, cards.get(conn, card_id), form)
    if card.unit_id is None or not visit.may(roles.DESK_READ):
        return see_other(f"/desk/cards/{card_id}" if visit.may(roles.DESK_READ) else "/")
    done = "lost" if act.key == "lost" else "changed"
    return see_other(f"/desk/units/{card.unit_id}?card={card_id}&done={done}")


def _ask(visit: Visit, act: Act, card: CardView, form: Form) -> Response:
    status = 422 if form.sentence else 200
    return visit.render(
        "desk/act.html",
        status=status,
        here="desk",
        act=act,
        card=card,
        form=form,
        may_approve=visit.may(APPROVERS),
        back=f"/desk/cards/{card.id}",
    )


def _act(visit: Visit, key: str) -> Act:
    act = BY_KEY.get(key)
    if act is None:
        raise NotFoundError(N_("There is no such page."))
    if not visit.may(act.allowed):
        raise ForbiddenError(N_("Your role does not allow this."))
    return act


def _back(card: CardView) -> str:
    return "/desk" if card.unit_id is None else f"/desk/units/{card.unit_id}"
