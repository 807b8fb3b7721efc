"""What the desk asked for, and what shall stand on the card: both as JSON in the store, without any key."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Self

from gateway.domain.card_data import CardData, CardKind, HolderClass
from gateway.domain.card_template import CardTemplates, ClassicTemplate, DesfireTemplate, FmcosTemplate
from gateway.domain.encode_job import JobKind
from gateway.domain.person import Proof
from gateway.ports.cards import EncodePlan


@dataclass(frozen=True, slots=True)
class Order:
    """What the desk wants of a card.

    ISSUE: ``unit_id``, ``person_id``, ``proof`` and a receipt (or ``waived``); ``number`` is printed on the card, the
    next free one without it. REPLACE: ``card_id`` is the lost or defective card, ``proof`` and receipt as before; whose
    it is, is known. REENCODE, WIPE: ``card_id``. RECOVER: nothing; the card that lies there. ``valid_until``: unix
    seconds, the latest allowed without it. ``waived`` and ``beyond_quota`` need a supervisor or manager.
    """

    what: JobKind
    unit_id: int | None = None
    person_id: int | None = None
    proof: Proof | None = None
    number: str | None = None
    receipt: str | None = None
    waived: bool = False
    beyond_quota: bool = False
    valid_until: int | None = None
    card_id: int | None = None

    def as_json(self) -> dict[str, Any]:
        """What differs from nothing."""
        return {name: value for name, value in asdict(self).items() if value not in {None, False}}

    @classmethod
    def of(cls, stored: Mapping[str, Any]) -> Self:
        """As :meth:`as_json` gave it."""
        proof = stored.get("proof")
        known = {**stored, "what": JobKind(stored["what"]), "proof": None if proof is None else Proof(proof)}
        return cls(**known)


def plan_as_json(plan: EncodePlan) -> dict[str, Any]:
    """For the store; bytes in hexadecimal."""
    data = {**asdict(plan.data), "number": plan.data.number.hex()}
    desfire = {**asdict(plan.templates.desfire), "aid": plan.templates.desfire.aid.hex()}
    fmcos = {**asdict(plan.templates.fmcos), "name": plan.templates.fmcos.name.hex()}
    templates = {"desfire": desfire, "classic": asdict(plan.templates.classic), "fmcos": fmcos}
    return {
        "uid": plan.uid.hex(), "kind": plan.kind, "data": data, "templates": templates, "before": plan.before
    }  # fmt: skip


def plan_from_json(stored: Mapping[str, Any]) -> EncodePlan:
    """As :func:`plan_as_json` gave it."""
    data, templates = stored["data"], stored["templates"]
    return EncodePlan(
        bytes.fromhex(stored["uid"]),
        CardKind(stored["kind"]),
        CardData(
            data["site_number"],
            bytes.fromhex(data["number"]),
            data["issued_at"],
            data["key_version"],
            HolderClass(data["holder_class"]),
        ),
        CardTemplates(
            DesfireTemplate(**{**templates["desfire"], "aid": bytes.fromhex(templates["desfire"]["aid"])}),
            ClassicTemplate(**templates["classic"]),
            FmcosTemplate(**{**templates["fmcos"], "name": bytes.fromhex(templates["fmcos"]["name"])}),
        ),
        stored["before"],
    )


def digest_of(plan: EncodePlan) -> bytes:
    """32 bytes: SHA-256 over the plan's JSON with sorted names, by which a resumed plan is known to be the same."""
    text = json.dumps(plan_as_json(plan), sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).digest()
