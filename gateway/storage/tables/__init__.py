"""The tables, for SQLite and PostgreSQL alike, one module a theme.

Times are unix seconds. JSON columns hold small lists and objects that no query looks into. Personal
data stands in ``people`` and in ``journal_pii`` only, so that it can be erased.
"""

from gateway.storage.tables.accounts import sessions, sign_in_failures, sign_in_links, tokens, users
from gateway.storage.tables.card_keys import card_key_components, card_key_sets, card_keys
from gateway.storage.tables.columns import metadata
from gateway.storage.tables.encoding import encode_batches, encode_jobs
from gateway.storage.tables.households import cards, occupants, people, units
from gateway.storage.tables.premises import (
    access_rules,
    areas,
    controllers,
    holidays,
    portals,
    posts,
    schedules,
    secrets,
    site,
)
from gateway.storage.tables.record import alarms, idempotency, journal, journal_head, journal_pii, leases
from gateway.storage.tables.release_slips import slip_counter, slip_items, slip_movements, slip_rights, slips
from gateway.storage.tables.whitelists import controller_events, list_changes, list_entries

__all__ = [
    "access_rules",
    "alarms",
    "areas",
    "card_key_components",
    "card_key_sets",
    "card_keys",
    "cards",
    "controller_events",
    "controllers",
    "encode_batches",
    "encode_jobs",
    "holidays",
    "idempotency",
    "journal",
    "journal_head",
    "journal_pii",
    "leases",
    "list_changes",
    "list_entries",
    "metadata",
    "occupants",
    "people",
    "portals",
    "posts",
    "schedules",
    "secrets",
    "sessions",
    "sign_in_failures",
    "sign_in_links",
    "site",
    "slip_counter",
    "slip_items",
    "slip_movements",
    "slip_rights",
    "slips",
    "tokens",
    "units",
    "users",
]
