"""A new list of cards for one day: pasted or uploaded, looked at row by row, planned only when every row is right."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated

from fastapi import Depends, Response
from starlette.datastructures import UploadFile

from admin_api import roles
from admin_api.pages.batch_lists import ListRow, decode, parse
from admin_api.pages.forms import Form, texts
from admin_api.pages.i18n import N_
from admin_api.pages.web import Enter, Visit, router, see_other
from gateway.domain.errors import GatehouseError, MalformedError, RuleViolationError
from gateway.domain.issuance import APPROVERS
from gateway.domain.person import Proof
from gateway.services import encode_jobs
from gateway.services.encode_batches import MOST_ROWS
from gateway.services.encode_jobs import BatchRefusedError, BatchRow, BatchView
from gateway.storage.store import UnitOfWork

routes = router()
Clerk = Annotated[Visit, Depends(Enter(roles.DESK))]


@dataclass(frozen=True, slots=True)
class Preview:
    """A row, and why it cannot be issued; ``rule`` is the one that says no."""

    row: ListRow
    problem: str = ""
    rule: str = ""


@routes.get("/desk/batches/new")
def ask(visit: Clerk) -> Response:
    """An empty list."""
    return _show(visit, Form(), [])


@routes.post("/desk/batches/new")
def plan(visit: Clerk) -> Response:
    """Looks at the rows, or plans them (``act`` = "plan"); nothing is planned while a row is wrong."""
    values = texts(visit.form)
    try:
        values["rows"] = _text(visit, values)
        rows = parse(values["rows"])
        wrong = _judge(visit, values, rows)
        if not wrong and values.get("act") == "plan":
            batch = visit.write(lambda uow: _plan(uow, values, rows))
            return see_other(f"/desk/batches/{batch.id}")
    except GatehouseError as error:
        form = visit.again(error)
        return _show(visit, Form(values, form.errors, form.sentence, form.rule), [])
    return _show(visit, Form(values), [_seen(visit, row, wrong.get(at)) for at, row in enumerate(rows)])


def _text(visit: Visit, values: Mapping[str, str]) -> str:
    """What was uploaded, else what was pasted."""
    file = visit.form.get("file")
    uploaded = decode(file.file.read()) if isinstance(file, UploadFile) and file.filename else ""
    text = uploaded or values.get("rows", "")
    if not text.strip():
        raise MalformedError(N_("Paste the rows, or choose a file."), fields={"rows": N_("at least one row")})
    return text


def _judge(visit: Visit, values: Mapping[str, str], rows: Sequence[ListRow]) -> dict[int, GatehouseError]:
    """What is wrong with which row, counted from 0: its form, or what the rules say of it."""
    wrong: dict[int, GatehouseError] = {at: row.problem for at, row in enumerate(rows) if row.problem}
    right = [at for at in range(len(rows)) if at not in wrong]
    if not rows or len(rows) > MOST_ROWS:
        raise MalformedError(N_("A batch has 1 to %(most)s rows."), most=MOST_ROWS, fields={"rows": f"1–{MOST_ROWS}"})
    try:
        if right:
            visit.write(lambda uow: _try(uow, values, [rows[at] for at in right]))
    except BatchRefusedError as error:
        wrong |= {right[at]: problem for at, problem in error.rows.items()}
    except _OnlyTriedError:
        pass
    return wrong


class _OnlyTriedError(GatehouseError):
    """Every row can be planned; leaving the transaction by an error takes it back."""


def _try(uow: UnitOfWork, values: Mapping[str, str], rows: Sequence[ListRow]) -> None:
    _plan(uow, values, rows)
    raise _OnlyTriedError("This was only looked at.")


def _plan(uow: UnitOfWork, values: Mapping[str, str], rows: Sequence[ListRow]) -> BatchView:
    if values.get("proof", Proof.OWNER_FILE) not in set(Proof):
        raise MalformedError(N_("Say what proved who this is."), fields={"proof": N_("one of the list")})
    proof, waived = Proof(values.get("proof") or Proof.OWNER_FILE), "waived" in values
    wanted = [
        BatchRow(row.unit, row.name, proof, row.number or None, row.receipt or None, waived and not row.receipt)
        for row in rows
    ]
    return encode_jobs.plan_batch(uow, values.get("name", ""), wanted)


def _seen(visit: Visit, row: ListRow, problem: GatehouseError | None) -> Preview:
    if problem is None:
        return Preview(row)
    rule = problem.rule if isinstance(problem, RuleViolationError) else ""
    return Preview(row, visit.say.error(problem), rule)


def _show(visit: Visit, form: Form, preview: Sequence[Preview]) -> Response:
    wrong = sum(bool(row.problem) for row in preview)
    return visit.render(
        "desk/batch-new.html",
        status=422 if form.sentence or wrong else 200,
        here="desk",
        form=form,
        preview=preview,
        wrong=wrong,
        may_approve=visit.may(APPROVERS),
        today=visit.today.isoformat(),
    )
