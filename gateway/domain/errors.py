"""The tree of errors a person may have to act on.

Every error carries its sentence as an English template with ``%(name)s`` places and the values
apart, so that a page can look the template up in a message catalogue and a log can keep the parts.
"""

from collections.abc import Mapping


class GatehouseError(Exception):
    """Something that cannot be done, said to the person who must act next.

    ``template`` is a complete English sentence with ``%(name)s`` places; ``params`` fill them;
    ``fields`` maps the name of each bad input to what is wrong with it.
    """

    def __init__(self, template: str, /, *, fields: Mapping[str, str] | None = None, **params: object) -> None:
        super().__init__(template)
        self.template = template
        self.params = params
        self.fields: dict[str, str] = dict(fields or {})

    def __str__(self) -> str:
        return self.template % self.params if self.params else self.template


class MalformedError(GatehouseError):
    """Input whose form is wrong: not a number, too long, an unknown field."""


class NotFoundError(GatehouseError):
    """No such thing, or none that this person may see."""


class ConflictError(GatehouseError):
    """Someone or something already holds what was asked for; the sentence says who and since when."""


class StaleError(GatehouseError):
    """The thing changed since the asker last looked at it."""


class ForbiddenError(GatehouseError):
    """The asker's role does not allow this."""


class UnauthenticatedError(GatehouseError):
    """The asker is not signed in, or no longer."""


class TooManyError(GatehouseError):
    """Too many tries; ``retry_after_s`` says when to come back."""

    def __init__(self, template: str, /, *, retry_after_s: int, **params: object) -> None:
        super().__init__(template, fields=None, retry_after_s=retry_after_s, **params)
        self.retry_after_s = retry_after_s


class StoreBusyError(GatehouseError):
    """The store is locked by another process; try again soon."""


class StoreFullError(GatehouseError):
    """The disk is full; decisions go on, changes wait."""


class RuleViolationError(GatehouseError):
    """A rule of the house says no. ``rule`` is its stable id, such as ``R-CARD-1``."""

    def __init__(
        self, rule: str, template: str, /, *, fields: Mapping[str, str] | None = None, **params: object
    ) -> None:
        super().__init__(template, fields=fields, **params)
        self.rule = rule
