"""Records, alarms and the audit."""

from datetime import UTC, datetime
from typing import Any

from pydantic import Field

from admin_api.schemas.base import Moment, Out
from gateway.services.records import RecordView


class RecordOut(Out):
    """One thing that happened."""

    seq: int = Field(description="Its number; no gaps, never reused.")
    at: Moment
    kind: str = Field(examples=["access.granted"])
    actor: str = Field(examples=["user:3"])
    target: str = Field(examples=["portal:main-in"])
    body: dict[str, Any]

    @classmethod
    def of(cls, view: RecordView) -> "RecordOut":
        """From the service's view, whose times are milliseconds."""
        at = datetime.fromtimestamp(view.at / 1000, UTC)
        return cls(seq=view.seq, at=at, kind=view.kind, actor=view.actor, target=view.target, body=view.body)


class AuditOut(RecordOut):
    """One act of a person, with the personal data that was not erased."""

    pii: dict[str, Any]

    @classmethod
    def of(cls, view: RecordView) -> "AuditOut":
        """From the service's view."""
        return cls(**RecordOut.of(view).model_dump(), pii=view.pii)


class VerifyOut(Out):
    """Whether the chain of records is whole."""

    ok: bool
    checked: int
    first_bad_seq: int | None
    what: str = Field(examples=["the record was changed"])


class AlarmOut(Out):
    """Something a person must look at."""

    id: int
    kind: str = Field(examples=["device_offline"])
    source: str = Field(examples=["device:main-reader"])
    detail: dict[str, Any]
    raised_at: Moment
    count: int = Field(description="How often it came since then.")
    last_at: Moment
    acknowledged_at: Moment | None
    acknowledged_by: str | None
