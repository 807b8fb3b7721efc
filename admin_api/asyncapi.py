"""The AsyncAPI document (3.0.0): the MQTT topics, whose contract is sync/PROTOCOL.md, and the news of the stream."""

from typing import Any, Final, NamedTuple


class _Topic(NamedTuple):
    name: str
    address: str
    sender: str
    retained: bool
    signed: bool
    fields: str
    words: str


_TOPICS: Final = (
    _Topic("gatewayStatus", "gateway/status", "gateway", True, False, "online at software", "The gateway; last will."),
    _Topic(
        "listHead",
        "lists/{list}/head",
        "gateway",
        True,
        True,
        "v list epoch version root count at fresh_until base window",
        "Version and digest of a whitelist, and its newest changes.",
    ),
    _Topic(
        "listTail",
        "lists/{list}/tail",
        "gateway",
        True,
        False,
        "v list epoch from version puts drops",
        "All changes since the base, merged.",
    ),
    _Topic(
        "listPage",
        "lists/{list}/base/{base}/{page}",
        "gateway",
        True,
        False,
        "v list epoch base page entries",
        "A page of the whole list, cut at some version.",
    ),
    _Topic(
        "schedules", "schedules", "gateway", True, True, "v version timezone holidays schedules", "When they count."
    ),
    _Topic(
        "config",
        "controllers/{controller}/config",
        "gateway",
        True,
        True,
        "v version portals stale offline_grace_s keys",
        "The portals of one controller.",
    ),
    _Topic(
        "controllerStatus",
        "controllers/{controller}/status",
        "controller",
        True,
        False,
        "v online boot at software lists config schedules capacity next_event",
        "What a controller holds; last will.",
    ),
    _Topic(
        "events",
        "controllers/{controller}/events",
        "controller",
        False,
        False,
        "v boot first events",
        "What happened at its portals, numbered, kept until acknowledged.",
    ),
    _Topic(
        "acknowledgement", "controllers/{controller}/events/ack", "gateway", False, False, "upto", "Kept no longer."
    ),
    _Topic(
        "commands",
        "controllers/{controller}/commands",
        "gateway",
        False,
        True,
        "v id kind portal boot counter at expires_at by",
        "Open, hold, release, lock out, resync; ten seconds to live.",
    ),
    _Topic(
        "replies",
        "controllers/{controller}/replies",
        "controller",
        False,
        False,
        "v id result at detail",
        "The answer.",
    ),
)
_STREAM: Final = "/api/v1/events/stream"
_NEWS: Final = {
    "encoder": (
        "encoder version uid kind random_uid failed why found",
        "What lies on an encoder, and what it was found to be: state, kind, number, key_version, tries_left.",
    ),
    "encode_job": (
        "id what state step steps step_name uid kind card encoder batch failed rev",
        "Work on a card, at each of its steps. `card` is its id in the books. All of it: `GET /encode-jobs/{job_id}`.",
    ),
}
"""What the stream tells who asks for it by name, and no journal keeps. No name of a resident, and no key."""
_PARAMETERS: Final = {
    "list": "The id of an area.",
    "controller": "The id of a controller.",
    "base": "The version the base was cut at.",
    "page": "From 0.",
}


def asyncapi(site: str, host: str, port: int) -> dict[str, Any]:
    """The document for one site and its broker."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Gatehouse whitelists, events and commands",
            "version": "1.0.0",
            "description": "Payloads are deterministic CBOR (RFC 8949, 4.2.1); signed ones COSE_Sign1 (RFC 9052) "
            "with Ed25519, the topic as external data. Bytes and rules: sync/PROTOCOL.md.",
        },
        "defaultContentType": "application/cbor",
        "servers": {
            "broker": {"host": f"{host}:{port}", "protocol": "mqtt", "protocolVersion": "3.1.1 or 5"},
            "gateway": {"host": "{gateway}", "protocol": "http", "description": "Where this document came from."},
        },
        "channels": {**{topic.name: _channel(topic, site) for topic in _TOPICS}, "news": _news()},
        "operations": {
            **{f"publish{topic.name[0].upper()}{topic.name[1:]}": _operation(topic) for topic in _TOPICS},
            "listenToNews": {"action": "send", "channel": {"$ref": "#/channels/news"}},
        },
    }


def _news() -> dict[str, Any]:
    """Server-sent events; everything else on that stream is a record, as OpenAPI describes it."""
    return {
        "address": _STREAM,
        "servers": [{"$ref": "#/servers/gateway"}],
        "messages": {
            name: {
                "summary": words,
                "contentType": "application/json",
                "payload": {"type": "object", "properties": {field: {} for field in fields.split()}},
            }
            for name, (fields, words) in _NEWS.items()
        },
    }


def _channel(topic: _Topic, site: str) -> dict[str, Any]:
    channel: dict[str, Any] = {
        "address": f"gatehouse/v1/{site}/{topic.address}",
        "servers": [{"$ref": "#/servers/broker"}],
        "messages": {topic.name: _message(topic)},
    }
    parameters = {name: {"description": words} for name, words in _PARAMETERS.items() if f"{{{name}}}" in topic.address}
    return {**channel, "parameters": parameters} if parameters else channel


def _message(topic: _Topic) -> dict[str, Any]:
    fields: dict[str, dict[str, str]] = {name: {} for name in topic.fields.split()}
    return {
        "summary": topic.words,
        "contentType": "application/cose" if topic.signed else "application/cbor",
        "payload": {"type": "object", "properties": fields},
    }


def _operation(topic: _Topic) -> dict[str, Any]:
    return {
        "action": "send" if topic.sender == "gateway" else "receive",
        "channel": {"$ref": f"#/channels/{topic.name}"},
        "bindings": {"mqtt": {"qos": 1, "retain": topic.retained, "bindingVersion": "0.2.0"}},
    }
