"""What a controller is handed once, when it is enrolled: with it and PROTOCOL.md it needs nothing else."""

from collections.abc import Mapping, Sequence
from typing import Any

from gateway.domain.errors import MalformedError
from gateway.domain.site import check_slug
from gateway.signing.keys import PublicKey
from sync.protocol.topics import Topics
from sync.session import BrokerSettings, Tls


def provisioning(
    site: str, controller: str, broker: BrokerSettings, keys: Sequence[PublicKey], list_key: bytes
) -> dict[str, Any]:
    """The provisioning file as JSON values, bytes as hexadecimal. Secret: it holds the list key and a password."""
    if len(list_key) != 32:
        raise MalformedError("The site list key has 32 bytes, not %(length)s.", length=len(list_key))
    tls = broker.tls
    return {
        "site": check_slug("site", site),
        "controller": check_slug("controller", controller),
        "topics_root": Topics(site).root,
        "broker": {
            "host": broker.host,
            "port": broker.port,
            "username": broker.username,
            "password": broker.password,
            "tls": None
            if tls is None
            else {"ca_file": tls.ca_file, "cert_file": tls.cert_file, "key_file": tls.key_file},
        },
        "public_keys": [{"kid": key.kid.hex(), "key": key.raw.hex()} for key in keys],
        "list_key": list_key.hex(),
    }


def broker_settings(given: Mapping[str, Any]) -> BrokerSettings:
    """Where the controller of a provisioning file connects to, with MQTT 3.1.1."""
    broker = given["broker"]
    tls = broker["tls"]
    return BrokerSettings(
        host=broker["host"],
        port=broker["port"],
        client_id=given["controller"],
        username=broker["username"],
        password=broker["password"],
        tls=None if tls is None else Tls(tls["ca_file"], tls["cert_file"], tls["key_file"]),
        mqtt5=False,
    )


def public_keys(given: Mapping[str, Any]) -> dict[bytes, PublicKey]:
    """The gateway's keys of a provisioning file, by kid."""
    keys = [PublicKey(bytes.fromhex(entry["key"])) for entry in given["public_keys"]]
    return {key.kid: key for key in keys}
