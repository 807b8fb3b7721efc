"""The card keys: which versions there are, what is missing, how far a change of keys is. Never a key itself."""

from typing import Annotated, Final

from fastapi import Depends, Response

from admin_api import roles
from admin_api.pages.i18n import N_
from admin_api.pages.web import Enter, Visit, router
from gateway.services import card_key_status
from gateway.services.card_key_rows import KeySetState
from gateway.services.card_key_status import KeyStatus

MOST_CARDS: Final = 200
"""Of those on old keys; the household and the count say the rest."""

routes = router()
Auditor = Annotated[Visit, Depends(Enter(roles.AUDIT))]


@routes.get("/settings/card-keys")
def card_keys(visit: Auditor) -> Response:
    """Versions, check values, cards on old versions, and the next command."""
    with visit.read() as conn:
        status = card_key_status.status(conn)
        old = card_key_status.cards_on_old_keys(conn) if status.old_cards else []
    told, command = next_step(status)
    return visit.render(
        "settings/card-keys.html",
        here="settings",
        keys=status,
        old=old[:MOST_CARDS],
        told=told,
        command=command,
    )


def next_step(status: KeyStatus) -> tuple[str, str]:
    """What to do next, as a msgid, and the command for it; both may be empty."""
    if status.importing is not None:
        waiting = status.importing.waiting
        component = 3 - waiting[0].component if waiting else 1
        return N_("The import is not done. Let the other person type their half:"), (
            f"gatehouse keys import --component {component}"
        )
    if status.current is None:
        return N_("There are no card keys yet. Make them once, on the gateway itself:"), "gatehouse keys init"
    if status.old_cards:
        return N_("Some cards carry older keys. Whenever one lies on an encoder, the desk offers to write it anew."), ""
    accepted = [known.version for known in status.sets if known.state is KeySetState.ACCEPTED]
    if accepted:
        return N_("No card carries the older keys any more. Retire them:"), f"gatehouse keys retire {accepted[0]}"
    return "", ""
