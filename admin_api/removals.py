"""A mass removal that waits for a person: who lets it go is on record before it goes."""

from anyio import to_thread

from gateway.domain.errors import ConflictError
from gateway.runtime.house import House
from gateway.storage.store import Actor


async def confirm(house: House, actor: Actor, list_id: str, *, request_id: str = "") -> None:
    """Lets it go to the gates. Raises ConflictError when nothing waits on this list. On the loop's thread."""
    desk = house.removals
    if desk is None or list_id not in desk.held:
        raise ConflictError("No removal from list %(list)s waits for a confirmation.", list=list_id)
    await to_thread.run_sync(_record, house, actor, list_id, request_id)
    desk.confirm(list_id)


def _record(house: House, actor: Actor, list_id: str, request_id: str) -> None:
    with house.store.write(actor, request_id=request_id) as uow:
        uow.record("lists.removal_confirmed", f"list:{list_id}")
