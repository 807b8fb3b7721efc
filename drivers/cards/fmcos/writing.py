"""Personalising an FMCOS card and wiping it again, from whatever state an earlier try left it in."""

from collections.abc import Callable, Sequence
from typing import Final

from drivers.cards import record
from drivers.cards.answers import accept, split
from drivers.cards.exchange import Procedure, Step
from drivers.cards.fmcos import layout
from drivers.cards.fmcos.application import Traces, find, run, select_df, stands
from drivers.cards.fmcos.opening import open_main
from drivers.cards.fmcos.protocol import commands, status
from drivers.cards.presence import require_same
from drivers.cards.secrets import CardSecrets, keyset_of
from drivers.cards.tries import WRONG_KEYS_A_TAP, Tries
from gateway.domain.card_data import CardKind
from gateway.ports.cards import (
    FACTORY,
    CardGarbledError,
    CardKeys,
    EncodePlan,
    KeyPurpose,
)

Random = Callable[[int], bytes]
_STEPS: Final = (
    "Find out what is on the card",
    "Make the application and replace the main key",
    "Write the number",
    "Write the keys",
    "Read everything back",
)
_WIPE_STEPS: Final = (
    "Find out what is on the card",
    "Erase the application",
    "Put the maker's key back",
    "Check that nothing is left",
)
_NOT_WRITTEN: Final = "What was written does not stand on the card: lay it down again."


def steps(plan: EncodePlan) -> Sequence[str]:  # noqa: ARG001 - the same for every card of this kind
    """The steps of :func:`personalise`, as CardWork.steps."""
    return _STEPS


def wipe_steps(plan: EncodePlan) -> Sequence[str]:  # noqa: ARG001 - the same for every card of this kind
    """The steps of :func:`wipe`, as CardWork.wipe_steps."""
    return _WIPE_STEPS


def personalise(plan: EncodePlan, keys: CardKeys, random: Random) -> Procedure[None]:
    """As CardWork.personalise. A card that already stands as planned is only read."""
    work = _Work(plan, keys, random)
    yield Step(0)
    traces = yield from work.find()
    if not (traces.file and (yield from work.stands())):
        yield Step(1)
        yield from work.take_over(traces)
        yield Step(2)
        yield from require_same(plan.uid)
        yield from run(*layout.write_files(work.record))
        yield Step(3)
        yield from require_same(plan.uid)
        yield from run(*layout.write_keys(work.new))
    yield Step(4)
    yield from work.verify()


def wipe(plan: EncodePlan, keys: CardKeys, random: Random) -> Procedure[None]:
    """As CardWork.wipe: our DF stays as an empty directory, which FMCOS cannot remove."""
    work = _Work(plan, keys, random)
    yield Step(0)
    traces = yield from work.find()
    opened = yield from work.open_main(traces)
    if opened != FACTORY:
        yield Step(1)
        yield from require_same(plan.uid)
        yield from work.adopt(opened)
        yield from work.erase()
        yield Step(2)
        yield from work.give_back()
    yield Step(3)
    yield from work.verify_blank()


class _Work:
    """One plan on one card."""

    def __init__(self, plan: EncodePlan, keys: CardKeys, random: Random) -> None:
        self.plan = plan
        self.template = plan.templates.fmcos
        self.tries = Tries()
        self.is_short = False
        self._random = random
        self._keys = keys
        self.new = self._secrets(plan.data.key_version)
        self.record = record.seal(plan.data, plan.uid, self.new[KeyPurpose.ISSUER])

    def find(self) -> Procedure[Traces]:
        """What can be seen of us on the card."""
        traces = yield from find(self.template)
        self.is_short = traces.is_short
        return traces

    def stands(self) -> Procedure[bool]:
        """Whether the selected DF is as planned."""
        challenge = self._random(layout.CHALLENGE_SIZE)
        return stands(self.record, self.new, self.template, self.tries, challenge)

    def open_main(self, traces: Traces) -> Procedure[int]:
        """Selects the MF and opens it; see README.md for which keys come into question, and in which order."""
        if traces.df:
            yield from run(commands.select(commands.MF))
        return (yield from self._open(self._candidates(traces)))

    def take_over(self, traces: Traces) -> Procedure[None]:
        """The MF's key becomes ours, and our DF is there, selected and empty."""
        opened = yield from self.open_main(traces)
        # Checked after the key was used: a card that is swapped in later has not seen it, and refuses to be written.
        yield from require_same(self.plan.uid)
        if not traces.df:
            yield from run(layout.create_application(self.template))
        yield from self.adopt(opened)
        if traces.df:
            yield from self.erase()
        else:
            yield from self._enter()

    def adopt(self, opened: int) -> Procedure[None]:
        """Replaces the MF's key unless it is the new one already."""
        if opened == self.new.version:
            return
        answer = yield from self._change_main(self.new)
        code, _ = split(answer)
        if code in status.WRONG_LENGTH and not self.is_short:
            yield from run(layout.create_short_mark(self.template))
            self.is_short = True
            answer = yield from self._change_main(self.new)
        accept(answer)

    def give_back(self) -> Procedure[None]:
        """The MF gets the factory's key, from whoever is its owner now."""
        yield from run(commands.select(commands.MF))
        yield from self._open([self.new])
        yield from require_same(self.plan.uid)
        accept((yield from self._change_main(None)))

    def erase(self) -> Procedure[None]:
        """Empties our DF, in which we are then."""
        yield from self._enter()
        yield from run(commands.erase_df())

    def verify(self) -> Procedure[None]:
        """Raises CardError unless every key opens what it should and the number stands there."""
        yield from self._enter()
        if not (yield from self.stands()):
            raise CardGarbledError(_NOT_WRITTEN)
        yield from run(commands.select(commands.MF))
        yield from self._open([self.new])

    def verify_blank(self) -> Procedure[None]:
        """Raises CardError unless our file is gone and the factory's key opens the MF."""
        if (yield from find(self.template)).file:
            raise CardGarbledError(_NOT_WRITTEN)
        yield from run(commands.select(commands.MF))
        yield from self._open([None])

    def _open(self, candidates: Sequence[CardSecrets | None]) -> Procedure[int]:
        return open_main(candidates, self.template, self.tries, is_short=self.is_short)

    def _change_main(self, secrets: CardSecrets | None) -> Procedure[bytes]:
        return (yield commands.change_key(layout.MAIN_KEY_ID, layout.main_key(secrets, is_short=self.is_short)))

    def _enter(self) -> Procedure[None]:
        if not (yield from select_df(self.template)):
            raise CardGarbledError(_NOT_WRITTEN)

    def _candidates(self, traces: Traces) -> Sequence[CardSecrets | None]:
        if not traces.df:
            return [None]
        if not traces.file:
            return [None, self.new]
        # The current version too: a change of keys may have begun that this plan knows nothing of.
        versions = dict.fromkeys([self.plan.before, self.new.version, self._keys.current])
        known = [self._secrets(version) for version in versions if version in self._keys.sets]
        return known[:WRONG_KEYS_A_TAP]

    def _secrets(self, version: int) -> CardSecrets:
        plan = self.plan
        keyset = keyset_of(self._keys, version)
        return CardSecrets.of(keyset, plan.uid, CardKind.FMCOS, plan.templates, plan.data.site_number)
