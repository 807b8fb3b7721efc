"""Whether the gateway lives, and whether it can serve."""

from typing import Literal

from fastapi import APIRouter, Depends, Response
from pydantic import BaseModel
from sqlalchemy import select

from admin_api.auth import TheHouse
from admin_api.guard import PUBLIC
from gateway.domain.errors import GatehouseError
from gateway.storage.tables import journal_head

router = APIRouter(tags=["health"], dependencies=[Depends(PUBLIC)])


class Health(BaseModel):
    """Alive is all it says."""

    status: Literal["ok"] = "ok"


class Readiness(BaseModel):
    """What works and what does not; ``ready`` when changes can be made and gates decide."""

    ready: bool
    store: bool
    lists: int
    broker: bool | None


@router.get("/healthz", summary="Whether the process lives")
async def healthz() -> Health:
    """Answers as long as the event loop turns."""
    return Health()


@router.get("/readyz", summary="Whether it can serve", responses={503: {"model": Readiness}})
def readyz(house: TheHouse, response: Response) -> Readiness:
    """Reads the store and the lists in memory. A missing broker is told but does not make it unready: gates go on."""
    store = _store_answers(house)
    lists = len(house.keeper.lists())
    broker = None if house.fleet is None else house.fleet.broker_online()
    response.status_code = 200 if store else 503
    return Readiness(ready=store, store=store, lists=lists, broker=broker)


def _store_answers(house: TheHouse) -> bool:
    try:
        with house.store.read() as conn:
            return conn.execute(select(journal_head.c.seq)).first() is not None
    except GatehouseError:
        return False
