"""Our DF on an FMCOS card: whether it is there, and whether it holds what it should."""

from dataclasses import dataclass

from drivers.cards.answers import accept, split
from drivers.cards.exchange import Procedure
from drivers.cards.fmcos import layout
from drivers.cards.fmcos.opening import Opened, WrongKeyError, open_read, prove
from drivers.cards.fmcos.protocol import commands, status
from drivers.cards.record import SIZE
from drivers.cards.secrets import CardSecrets
from drivers.cards.tries import Tries
from gateway.domain.card_template import FmcosTemplate
from gateway.ports.cards import CardGarbledError


@dataclass(frozen=True, slots=True)
class Traces:
    """What can be seen of our application without a key. After :func:`find` the DF is selected when it is there.

    ``is_short``: the main key has 8 bytes, as far as we have tried to write it.
    """

    df: bool
    file: bool
    is_short: bool


def find(template: FmcosTemplate) -> Procedure[Traces]:
    """Looks for the DF and its file. Raises CardRefusedError, CardGarbledError."""
    if not (yield from select_df(template)):
        return Traces(df=False, file=False, is_short=False)
    is_short = yield from has_short_main_key(template)
    return Traces(df=True, file=(yield from has_record()), is_short=is_short)


def has_short_main_key(template: FmcosTemplate) -> Procedure[bool]:
    """Whether we have marked the card so; the DF is selected before and after."""
    is_short = yield from _exists(commands.select_name(layout.short_mark(template)))
    if is_short:
        yield from select_df(template)
    return is_short


def select_df(template: FmcosTemplate) -> Procedure[bool]:
    """Whether it is there."""
    return _exists(commands.select_name(template.name))


def has_record() -> Procedure[bool]:
    """Whether the selected DF has our file."""
    return _exists(commands.select(layout.RECORD_FILE))


def run(*apdus: bytes) -> Procedure[None]:
    """One after the other; each must succeed. Raises CardRefusedError, CardGarbledError."""
    for apdu in apdus:
        answer = yield apdu
        accept(answer)


def read_record() -> Procedure[bytes]:
    """32 bytes, after the READ key. Raises CardRefusedError, CardGarbledError."""
    answer = yield commands.read_binary(layout.RECORD_FILE, SIZE)
    return accept(answer, SIZE)


def stands(
    record: bytes, secrets: CardSecrets, template: FmcosTemplate, tries: Tries, challenge: bytes
) -> Procedure[bool]:
    """Whether the selected DF holds exactly this record under these keys, each of them used once."""
    try:
        opened = yield from open_read(secrets, template, tries)
        proven = opened is Opened.YES and (yield from prove(secrets, challenge))
    except (WrongKeyError, CardGarbledError):
        return False
    return proven and (yield from read_record()) == record


def _exists(select: bytes) -> Procedure[bool]:
    answer = yield select
    code, _ = split(answer)
    if code == status.FILE_NOT_FOUND:
        return False
    accept(answer)
    return True
