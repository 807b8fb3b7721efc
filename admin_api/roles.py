"""Who may do what: the groups of roles that routes name. Deny by default; nothing is inherited."""

from typing import Final

from gateway.domain.person import Role

ANYONE: Final = frozenset(Role)
"""Everyone who is signed in."""

DESK: Final = frozenset({Role.FRONT_DESK, Role.SUPERVISOR, Role.MANAGER, Role.ADMIN})
"""Serves residents: registers people, issues cards and slips."""

DESK_READ: Final = DESK | {Role.AUDITOR}
"""Sees households and cards; the auditor changes nothing."""

LOSS: Final = DESK | {Role.GUARD, Role.CAPTAIN}
"""Takes a report of a lost card, at any hour."""

POST: Final = frozenset({Role.GUARD, Role.CAPTAIN, Role.ADMIN})
"""Lets goods out at a guard post."""

VERIFY: Final = POST | DESK_READ
"""Looks at a slip without spending it."""

OPEN: Final = frozenset({Role.SUPERVISOR, Role.GUARD, Role.CAPTAIN, Role.MANAGER, Role.ADMIN})
"""Opens a barrier by hand, with a reason; a guard at the own post only."""

MODES: Final = frozenset({Role.SUPERVISOR, Role.CAPTAIN, Role.MANAGER, Role.ADMIN})
"""Holds a portal open or locks it."""

CONFIGURE: Final = frozenset({Role.MANAGER, Role.ADMIN})
"""Changes the site: areas, portals, controllers, posts, schedules."""

WHY: Final = DESK_READ | {Role.CAPTAIN}
"""Asks why a credential is admitted or refused."""

RECORD: Final = ANYONE - {Role.FINANCE}
"""Sees events; a guard those of the own post."""

ALARMS: Final = frozenset({Role.SUPERVISOR, Role.GUARD, Role.CAPTAIN, Role.MANAGER, Role.ADMIN})
"""Acknowledges alarms."""

AUDIT: Final = frozenset({Role.MANAGER, Role.AUDITOR, Role.ADMIN})
"""Reads the record whole and verifies it."""

USERS: Final = frozenset({Role.ADMIN})
"""Manages accounts, roles and tokens."""

USERS_READ: Final = USERS | {Role.AUDITOR}
"""Sees who may sign in."""

MONEY: Final = frozenset({Role.FINANCE, Role.MANAGER, Role.ADMIN})
"""Says what billing says."""

REVIEW: Final = frozenset({Role.SUPERVISOR, Role.MANAGER, Role.ADMIN})
"""Reads a slip a second time before it is issued."""
