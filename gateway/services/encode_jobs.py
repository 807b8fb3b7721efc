"""Work on cards at the encoders, under one name: durable, leased, resumable at any desk.

Orders and plans: encode_orders · views: encode_views · rules: encode_layout · planning: encode_planning · steps:
encode_work · ends: encode_ends, encode_refusals · lists of cards for one day: encode_batches.

A desk calls ``plan`` (or ``bind``), ``take``, ``start``, ``mark`` before each step, ``verifying``, ``finish``; at any
failure ``fail``, and then ``take`` and ``start`` again with the card on an encoder. Work with ``job.wipes`` ends by
``wiped``. Each call is a transaction of its own; the card is touched only between two of them.
"""

from gateway.domain.encode_job import JobKind, JobState
from gateway.services.encode_batches import (
    BatchRefusedError,
    BatchReport,
    BatchRow,
    BatchView,
    batches_after,
    close_batch,
    get_batch,
    list_batches,
    next_in_batch,
    plan_batch,
    report,
    skip,
)
from gateway.services.encode_ends import abandon, cancel, finish, wiped
from gateway.services.encode_orders import Order
from gateway.services.encode_planning import bind, plan
from gateway.services.encode_refusals import refused
from gateway.services.encode_views import JobView, get, jobs_after, list_jobs, open_for_card, open_for_uid, plan_of
from gateway.services.encode_work import fail, lapse, leave, mark, start, take, verifying

__all__ = [
    "BatchRefusedError",
    "BatchReport",
    "BatchRow",
    "BatchView",
    "JobKind",
    "JobState",
    "JobView",
    "Order",
    "abandon",
    "batches_after",
    "bind",
    "cancel",
    "close_batch",
    "fail",
    "finish",
    "get",
    "get_batch",
    "jobs_after",
    "lapse",
    "leave",
    "list_batches",
    "list_jobs",
    "mark",
    "next_in_batch",
    "open_for_card",
    "open_for_uid",
    "plan",
    "plan_batch",
    "plan_of",
    "refused",
    "report",
    "skip",
    "start",
    "take",
    "verifying",
    "wiped",
]
