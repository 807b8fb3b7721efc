"""One request, one transaction, one answer: and the same answer again when the request is repeated.

An ``Idempotency-Key`` names a change for ever to its sender. The answer is kept in the transaction
that made the change, so there is never one without the other. Refusals are not kept: nothing happened.
Only what moves a gate cannot wait for its commit: see :meth:`Call.once`.
"""

import base64
import hashlib
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Annotated, Final

from anyio import to_thread
from fastapi import Header, Request, Response
from pydantic import BaseModel
from sqlalchemy import Connection

from admin_api.auth import Caller, Require, house_of
from admin_api.etags import check_match, listed, tag_of
from admin_api.problems import request_id
from gateway.domain.errors import GatehouseError
from gateway.domain.person import Role
from gateway.ports import DeviceSilentError
from gateway.runtime.house import House
from gateway.storage import idempotency
from gateway.storage.store import Actor, UnitOfWork

_JSON: Final = "application/json"
_PURPOSE: Final = "http/answer"


@dataclass(frozen=True, slots=True)
class Stored:
    """An answer as it is kept: its status and its JSON, ``sealed`` when it hands out a secret."""

    status: int
    body: str


def request_hash(request: Request) -> bytes:
    """What makes two requests the same: method, address with query, and the bytes of the body."""
    head = f"{request.method} {request.url.path}?{request.url.query}\n"
    return hashlib.sha256(head.encode() + request.state.body).digest()


def run(
    house: House,
    request: Request,
    actor: Actor,
    fn: Callable[[UnitOfWork], BaseModel],
    *,
    key: str | None = None,
    status: int = 200,
    secret: bool = False,
) -> Response:
    """Runs ``fn`` in one transaction and answers with what it returns, after the commit.

    With a ``key`` the answer is kept and given again to a repeat; another request under the same key
    raises ConflictError. A ``secret`` answer is sealed at rest.
    """

    def work(uow: UnitOfWork) -> Stored:
        if key is not None and (known := idempotency.find(uow.conn, actor.id, key, request_hash(request))):
            return Stored(*known)
        body = fn(uow).model_dump_json()
        answer = Stored(status, _seal(house, body) if secret else body)
        if key is not None:
            idempotency.remember(uow, key, request_hash(request), answer.status, answer.body)
        return answer

    stored = house.store.run(actor, work, request_id=request_id(request))
    body = _unseal(house, stored.body) if secret else stored.body
    return _answer(stored.status, body)


def _answer(status: int, body: str) -> Response:
    return Response(body, status, {"ETag": tag_of(body.encode())}, _JSON)


def _seal(house: House, body: str) -> str:
    return base64.b64encode(house.keyring.seal(_PURPOSE, body.encode())).decode()


def _unseal(house: House, body: str) -> str:
    return house.keyring.unseal(_PURPOSE, base64.b64decode(body)).decode()


@dataclass(frozen=True, slots=True)
class Call:
    """A request of someone who may make it: what a route works with."""

    house: House
    request: Request
    caller: Caller
    key: str | None = None

    @property
    def now(self) -> int:
        """Unix seconds, as the gateway trusts them."""
        return int(self.house.clock.wall())

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """The store at one moment."""
        with self.house.store.read() as conn:
            yield conn

    def show(self, model: BaseModel) -> Response:
        """The model with its entity tag; 304 when the asker has it already."""
        body = model.model_dump_json().encode()
        tag = tag_of(body)
        if listed(tag, self.request.headers.get("if-none-match")):
            return Response(status_code=304, headers={"ETag": tag})
        return Response(body, 200, {"ETag": tag}, _JSON)

    async def once(self, act: Callable[[], Awaitable[BaseModel]]) -> Response:
        """For what moves something, which no transaction takes back: the key is durable before ``act`` begins.

        A refusal (GatehouseError) gives the key back. After a crash in ``act``, or when the device was told and
        did not answer (DeviceSilentError), a repeat is told that its end is not known (ConflictError); it is never
        done a second time.
        """
        known = await to_thread.run_sync(self._begun)
        if known is not None:
            return _answer(*known)
        try:
            body = (await act()).model_dump_json()
        except DeviceSilentError:
            raise
        except GatehouseError:
            await to_thread.run_sync(self._settled, idempotency.abandon)
            raise
        await to_thread.run_sync(self._settled, lambda uow, key: idempotency.finish(uow, key, 200, body))
        return _answer(200, body)

    def _begun(self) -> tuple[int, str] | None:
        key, house = self.key, self.house
        if key is None:
            return None
        return house.store.run(self.caller.actor, lambda uow: idempotency.begin(uow, key, request_hash(self.request)))

    def _settled(self, settle: Callable[[UnitOfWork, str], None]) -> None:
        key = self.key
        if key is not None:
            self.house.store.run(self.caller.actor, lambda uow: settle(uow, key))

    def write(
        self,
        fn: Callable[[UnitOfWork], BaseModel],
        *,
        status: int = 200,
        secret: bool = False,
        current: Callable[[Connection], BaseModel] | None = None,
    ) -> Response:
        """As :func:`run`. ``current`` gives the resource as a GET shows it now, for ``If-Match`` to compare with."""

        def guarded(uow: UnitOfWork) -> BaseModel:
            if_match = self.request.headers.get("if-match")
            if current is not None and if_match is not None:
                check_match(tag_of(current(uow.conn).model_dump_json().encode()), if_match)
            return fn(uow)

        return run(self.house, self.request, self.caller.actor, guarded, key=self.key, status=status, secret=secret)


class Reads(Require):
    """A dependency: the call, when the caller has one of these roles."""

    def __call__(self, request: Request) -> Call:  # type: ignore[override]  # the same check, a richer answer
        """The call."""
        return Call(house_of(request), request, super().__call__(request))


class Writes(Require):
    """As Reads, for changes: with the key that makes a repeat harmless."""

    def __call__(  # type: ignore[override]  # the same check, a richer answer
        self,
        request: Request,
        idempotency_key: Annotated[
            str | None,
            Header(
                description="Names this change: a repeat with the same body gets the same answer, another body 409.",
                min_length=1,
                max_length=80,
                pattern=r"^[\x21-\x7e]+$",
            ),
        ] = None,
    ) -> Call:
        """The call."""
        return Call(house_of(request), request, super().__call__(request), idempotency_key)


def reads(roles: frozenset[Role]) -> Reads:
    """Lets these roles look."""
    return Reads(roles)


def writes(roles: frozenset[Role]) -> Writes:
    """Lets these roles change."""
    return Writes(roles)
