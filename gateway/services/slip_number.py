"""Slip numbers: consecutive, none skipped (R-SLIP-2)."""

from typing import Final

from sqlalchemy import Connection, insert, select, update
from sqlalchemy.exc import IntegrityError

from gateway.storage.tables import slip_counter

_ROW: Final = 1


def next_number(conn: Connection) -> int:
    """The next number. Others wait for the end of this transaction; if it fails, the number is given again."""
    if conn.execute(select(slip_counter.c.last)).first() is None:
        _start(conn)
    raised = update(slip_counter).where(slip_counter.c.id == _ROW).values(last=slip_counter.c.last + 1)
    number: int = conn.execute(raised.returning(slip_counter.c.last)).scalar_one()
    return number


def _start(conn: Connection) -> None:
    try:
        with conn.begin_nested():
            conn.execute(insert(slip_counter).values(id=_ROW, last=0))
    except IntegrityError:  # another first slip was issued at this moment; its row is as good
        return
