"""A desk whose encoders do nothing by themselves: what was asked of them is noted."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from gateway.domain.card_template import CardTemplates
from gateway.runtime.house import House
from gateway.services.encode_jobs import JobView
from gateway.storage.store import Actor


@dataclass
class FakeEncoding:
    """Implements gateway.runtime.house.EncodePort. ``version``: of the card keys."""

    version: int | None = 1
    acts: list[tuple[str, ...]] = field(default_factory=list)
    batches: dict[str, str] = field(default_factory=dict)
    templates: CardTemplates = field(default_factory=CardTemplates)

    def key_version(self) -> int | None:
        return self.version

    def steps(self, job: JobView) -> Iterable[str]:
        return () if job.plan is None else ("Make the application", "Write the number", "Change the keys")

    def following(self) -> Mapping[str, str]:
        return self.batches

    def begin(self, encoder: str, job_id: str, actor: Actor) -> None:
        self.acts.append(("begin", encoder, job_id, actor.id))

    def follow(self, encoder: str, batch_id: str, actor: Actor) -> None:
        self.batches[encoder] = batch_id
        self.acts.append(("follow", encoder, batch_id, actor.id))

    def unfollow(self, encoder: str) -> None:
        self.batches.pop(encoder, None)
        self.acts.append(("unfollow", encoder))

    def look_again(self, encoder: str) -> None:
        self.acts.append(("look again", encoder))


def desk_of(house: House) -> FakeEncoding:
    """The fake behind the house's contract."""
    assert isinstance(house.encoding, FakeEncoding)
    return house.encoding
