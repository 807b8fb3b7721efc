"""One decision over 100,000 credentials and 50 portals, beside a dictionary, pycasbin and cedarpy."""

import gc
import random
import tracemalloc
from collections.abc import Callable, Iterator

import casbin
import cedarpy

from gateway.domain.decision import Direction, PortalPolicy, decide
from gateway.domain.identity import Identity, IdentityKind, KeyMaker
from gateway.domain.schedule import Calendar
from gateway.domain.whitelist import Entry, Terms, Whitelist
from tests.bench.measure import Row, interleave, judge, judge_value

CREDENTIALS = 100_000
PORTALS = 50
ASKED = 20_000
NOW = 1_800_000_000

CASBIN_MODEL = """
[request_definition]
r = sub, obj, act
[policy_definition]
p = sub, obj, act
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow))
[matchers]
m = g(r.sub, p.sub) && r.obj == p.obj && r.act == p.act
"""
CEDAR_POLICY = 'permit(principal in Area::"compound", action == Action::"enter", resource);'


def _keys() -> list[bytes]:
    maker = KeyMaker(b"k" * 32)
    return [maker(Identity(IdentityKind.UID, number.to_bytes(7))) for number in range(CREDENTIALS)]


Ask = Callable[[bytes, PortalPolicy], bool]


def _casbin(keys: list[bytes], policies: list[PortalPolicy]) -> Ask:
    """One policy a portal; every credential has the role "compound"."""
    enforcer = casbin.Enforcer(casbin.Enforcer.new_model(text=CASBIN_MODEL))
    enforcer.add_policies([["compound", policy.portal, "enter"] for policy in policies])
    roles = enforcer.get_role_manager()  # straight in: its bulk call compares each new line with all others
    for key in keys:
        roles.add_link(key.hex(), "compound")
    return lambda key, policy: bool(enforcer.enforce(key.hex(), policy.portal, "enter"))


def _cedar() -> Ask:
    """One policy; the credential's membership comes with the request, as Cedar has it."""

    def ask(key: bytes, policy: PortalPolicy) -> bool:
        principal = {"type": "Credential", "id": key.hex()}
        entities = [{"uid": principal, "attrs": {}, "parents": [{"type": "Area", "id": "compound"}]}]
        request = {
            "principal": f'Credential::"{key.hex()}"',
            "action": 'Action::"enter"',
            "resource": f'Portal::"{policy.portal}"',
            "context": {},
        }
        return bool(cedarpy.is_authorized(request, CEDAR_POLICY, entities).allowed)

    return ask


def _compare(name: str, asked: list[tuple[bytes, PortalPolicy]], decide_one: Ask, ask: Ask) -> Row:
    """Ours and another engine on the same questions, which both must grant."""

    def all_of(one: Ask) -> Callable[[], None]:
        def work() -> None:
            for key, policy in asked:
                if not one(key, policy):
                    raise AssertionError("the engines disagree")

        return work

    rounds = interleave(all_of(decide_one), all_of(ask))
    return judge(f"decision against {name}", rounds, unit="s per 20", at_most=1 / 40)


def rows() -> Iterator[Row]:
    """Time and memory of the decision."""
    rng = random.Random(7)
    keys = _keys()
    entries = [Entry(key, Terms(NOW - 1000 - n, NOW + 1000 + n)) for n, key in enumerate(keys)]
    lists, calendar = {"compound": Whitelist(entries)}, Calendar()
    policies = [PortalPolicy(f"portal-{n}", Direction.IN, ("compound",)) for n in range(PORTALS)]
    plain = dict.fromkeys(keys, 1)
    asked = [(rng.choice(keys), rng.choice(policies)) for _ in range(ASKED)]

    def ours() -> None:
        for key, policy in asked:
            decide(policy, lists, calendar, key, NOW)

    def bare() -> None:
        for key, _policy in asked:
            plain.get(key)

    def decide_one(key: bytes, policy: PortalPolicy) -> bool:
        return decide(policy, lists, calendar, key, NOW).granted

    yield judge("decision against dict.get", interleave(ours, bare), unit="s per 20,000", at_most=20)
    yield _compare("pycasbin", asked[:20], decide_one, _casbin(keys, policies))
    yield _compare("cedarpy", asked[:20], decide_one, _cedar())
    yield _memory(entries)


def _memory(entries: list[Entry]) -> Row:
    """Bytes a credential on one list, beside a dictionary of the same entries' 18 bytes."""
    gc.collect()
    tracemalloc.start()
    held = Whitelist(Entry(bytes(bytearray(k)), Terms(*t)) for k, t in entries)
    ours = tracemalloc.get_traced_memory()[0] / len(held)
    tracemalloc.stop()
    tracemalloc.start()
    bare = {bytes(bytearray(e.key)): e.encode() for e in entries}
    reference = tracemalloc.get_traced_memory()[0] / len(bare)
    tracemalloc.stop()
    return judge_value("memory a credential on a list", ours, reference, unit="bytes", at_most=600)
