"""Whether the gateway lives, and whether it can serve."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Response
from prometheus_client import CONTENT_TYPE_LATEST
from pydantic import BaseModel
from sqlalchemy import select

from admin_api.asyncapi import asyncapi
from admin_api.auth import TheHouse
from admin_api.guard import PUBLIC
from admin_api.mutations import Call, reads
from admin_api.roles import ANYONE, AUDIT
from gateway.domain.errors import GatehouseError
from gateway.services import site
from gateway.storage.tables import journal_head

router = APIRouter(tags=["health"], dependencies=[Depends(PUBLIC)])
documents = APIRouter(tags=["health"])


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


@documents.get(
    "/metrics",
    summary="Figures for Prometheus",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def figures(call: Annotated[Call, Depends(reads(AUDIT))]) -> Response:
    """Prometheus brings a token: `authorization: {credentials_file: …}`."""
    return Response(call.request.app.state.metrics.render(), media_type=CONTENT_TYPE_LATEST)


@documents.get("/api/v1/asyncapi.json", summary="The MQTT topics")
def mqtt_topics(call: Annotated[Call, Depends(reads(ANYONE))]) -> dict[str, Any]:
    """An AsyncAPI document; the contract is sync/PROTOCOL.md. Where the broker stands is no stranger's business."""
    with call.read() as conn:
        slug = site.describe(conn).slug
    broker = call.house.broker_address
    return asyncapi(slug, broker.host if broker else "localhost", broker.port if broker else 1883)


def _store_answers(house: TheHouse) -> bool:
    try:
        with house.store.read() as conn:
            return conn.execute(select(journal_head.c.seq)).first() is not None
    except GatehouseError:
        return False
