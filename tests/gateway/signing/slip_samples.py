"""One slip's claims, its key and its text."""

from gateway.domain.slip import ConsentMethod, Item, SlipClaims
from gateway.signing.keys import SigningKey
from gateway.signing.slip_token import SlipKeys, encode, items_digest

KEYS = SlipKeys.of(SigningKey(bytes.fromhex("9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60")))
ITEMS = (Item(1, "沙发", 1), Item(2, "纸箱", 12, "箱"), Item(3, "电视机", 1, "台", "SN-204"))
CLAIMS = SlipClaims(
    site=17,
    slip_no=48213,
    rev=0,
    flags=0,
    iat_min=405_180,
    ttl_min=600,
    gates=frozenset({0, 1}),
    home=0,
    unit="3-1204",
    plate="粤B12345",
    consent=ConsentMethod.PHONE,
    consent_min_before=35,
    items=3,
    total_qty=14,
    items_digest=items_digest(ITEMS),
)
TEXT = encode(CLAIMS, KEYS)
