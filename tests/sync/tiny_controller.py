"""A gate controller written from PROTOCOL.md alone: it shares no code with the project.

It follows lists and decides. Events, commands and persistence are left out.
"""

import hashlib
import hmac
import secrets
import threading
import time
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import cbor2
import paho.mqtt.client as mqtt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from paho.mqtt.enums import CallbackAPIVersion


class TinyController:
    """Connects in the constructor; :meth:`close` ends it. Uses paho's own thread."""

    def __init__(self, provisioning: dict[str, Any]) -> None:
        self.root = provisioning["topics_root"]
        self.me = f"{self.root}/controllers/{provisioning['controller']}"
        self.keys = {bytes.fromhex(k["kid"]): bytes.fromhex(k["key"]) for k in provisioning["public_keys"]}
        self.list_key = bytes.fromhex(provisioning["list_key"])
        self.boot = secrets.token_hex(4)
        self.config: dict[str, Any] = {"version": 0, "portals": {}}
        self.schedules: dict[str, Any] = {"version": 0, "schedules": {}, "holidays": [], "timezone": "UTC"}
        self.lists: dict[str, dict[str, Any]] = {}
        self.heads: dict[str, dict[str, Any]] = {}
        self.tails: dict[str, dict[str, Any]] = {}
        self.pages: dict[tuple[str, int], dict[int, bytes]] = {}
        self.changed = threading.Condition()
        broker = provisioning["broker"]
        self.client = mqtt.Client(
            CallbackAPIVersion.VERSION2, provisioning["controller"], protocol=mqtt.MQTTv311, clean_session=True
        )
        self.client.username_pw_set(broker["username"], broker["password"])
        self.client.will_set(f"{self.me}/status", self.status(online=False), 1, retain=True)
        self.client.on_connect = self.on_connect
        self.client.on_message = self.on_message
        self.client.connect(broker["host"], broker["port"], 5)
        self.client.loop_start()

    def close(self) -> None:
        self.client.disconnect()
        self.client.loop_stop()

    # --- messages ---

    def on_connect(self, client: mqtt.Client, _data: Any, _flags: Any, _reason: Any, _properties: Any) -> None:
        client.subscribe([(f"{self.root}/schedules", 1), (f"{self.me}/config", 1)])
        for name in self.names():
            client.subscribe(f"{self.root}/lists/{name}/head", 1)

    def names(self) -> set[str]:
        return {name for portal in self.config["portals"].values() for name in portal["lists"]}

    def status(self, *, online: bool) -> bytes:
        held = {
            name: {k: v for k, v in whole.items() if k in {"epoch", "version", "root", "count", "applied_at"}}
            for name, whole in self.lists.items()
        }
        status = {"v": 1, "online": online, "boot": self.boot, "at": int(time.time()), "software": "tiny/1"}
        status |= {"lists": held, "config": self.config["version"], "schedules": self.schedules["version"]}
        return cbor2.dumps(status | {"capacity": 100_000, "next_event": 1}, canonical=True)

    def open_signed(self, topic: str, data: bytes) -> Any:
        protected, _unprotected, payload, signature = cbor2.loads(data).value
        header = cbor2.loads(protected)
        if set(header) != {1, 4} or header[1] != -8 or header[4] not in self.keys:
            return None
        signed = cbor2.dumps(["Signature1", protected, topic.encode(), payload])
        try:
            Ed25519PublicKey.from_public_bytes(self.keys[header[4]]).verify(signature, signed)
        except InvalidSignature:
            return None
        return cbor2.loads(payload)

    def on_message(self, client: mqtt.Client, _data: Any, message: mqtt.MQTTMessage) -> None:
        parts = message.topic.removeprefix(self.root + "/").split("/")
        if not message.payload:
            return
        with self.changed:
            if parts[-1] in {"config", "schedules", "head"}:
                content = self.open_signed(message.topic, bytes(message.payload))
                if content is not None:
                    self.on_signed(client, parts, content)
            elif parts[-1] == "tail":
                self.tails[parts[1]] = cbor2.loads(message.payload)
                self.advance(parts[1])
            elif parts[2] == "base":
                page = cbor2.loads(message.payload)
                self.pages.setdefault((parts[1], page["base"]), {})[page["page"]] = page["entries"]
                self.advance(parts[1])
            self.changed.notify_all()

    def on_signed(self, client: mqtt.Client, parts: list[str], content: Any) -> None:
        if parts[-1] == "config" and content["version"] >= self.config["version"]:
            self.config = content
            for name in self.names():
                client.subscribe(f"{self.root}/lists/{name}/head", 1)
        elif parts[-1] == "schedules" and content["version"] >= self.schedules["version"]:
            self.schedules = content
        elif parts[-1] == "head" and content["list"] == parts[1]:
            self.on_head(client, content)

    # --- reading a list ---

    def on_head(self, client: mqtt.Client, head: dict[str, Any]) -> None:
        name = head["list"]
        held = self.lists.get(name, {"epoch": 0, "version": 0, "root": b"", "entries": {}})
        if (head["epoch"], head["version"]) < (held["epoch"], held["version"]):
            return
        self.heads[name] = head
        if (head["epoch"], head["version"], head["root"]) == (held["epoch"], held["version"], held["root"]):
            held["fresh_until"] = head["fresh_until"]
            return
        if not self.advance(name):
            base = head["base"]
            topics = [f"{self.root}/lists/{name}/base/{base['id']}/{page}" for page in range(base["pages"])]
            client.subscribe([(topic, 1) for topic in [*topics, f"{self.root}/lists/{name}/tail"]])

    def advance(self, name: str) -> bool:
        """Tries to reach the head from what is held, then from the base."""
        head, held = self.heads.get(name), self.lists.get(name)
        if head is None:
            return False
        if held is not None and (held["epoch"], held["version"]) >= (head["epoch"], head["version"]):
            return True
        starts = []
        if held is not None and held["epoch"] == head["epoch"]:
            starts.append((held["version"], held["entries"]))
        pages = self.pages.get((name, head["base"]["id"]), {})
        if len(pages) == head["base"]["pages"]:
            data = b"".join(pages[n] for n in sorted(pages))
            starts.append(
                (head["base"]["version"], {data[i : i + 8]: data[i : i + 18] for i in range(0, len(data), 18)})
            )
        return any(self.attempt(head, version, dict(entries)) for version, entries in starts)

    def attempt(self, head: dict[str, Any], version: int, entries: dict[bytes, bytes]) -> bool:
        tail = self.tails.get(head["list"], {})
        if version < head["version"]:
            if head["window"]["from"] <= version:
                changes = head["window"]
            elif tail.get("version") == head["version"] and tail["epoch"] == head["epoch"] and tail["from"] <= version:
                changes = tail
            else:
                return False
            for i in range(0, len(changes["drops"]), 8):
                entries.pop(changes["drops"][i : i + 8], None)
            for i in range(0, len(changes["puts"]), 18):
                entries[changes["puts"][i : i + 8]] = changes["puts"][i : i + 18]
        if root_of(entries) != head["root"] or len(entries) != head["count"]:
            return False
        whole = {key: head[key] for key in ("epoch", "version", "root", "count", "fresh_until")}
        self.lists[head["list"]] = whole | {"entries": entries, "applied_at": int(time.time())}
        self.client.publish(f"{self.me}/status", self.status(online=True), 1, retain=True)
        return True

    # --- deciding ---

    def decide(self, portal: str, identity: bytes, at: int) -> str:
        """``granted`` or the reason; ``identity`` is the identity byte and the value."""
        key = identity[:1] + hmac.digest(self.list_key, identity, "sha256")[:7]
        place = self.config["portals"][portal]
        reasons = [self.objection(place, self.lists[name], key, at) for name in place["lists"] if name in self.lists]
        if None in reasons:
            return "granted"
        order = ["list_stale", "exit_only", "outside_schedule", "not_yet_valid", "expired", "unknown_credential"]
        return min((r for r in reasons if r), key=order.index, default="no_list")

    def objection(self, place: dict[str, Any], whole: dict[str, Any], key: bytes, at: int) -> str | None:
        entry = whole["entries"].get(key)
        if entry is None:
            return "unknown_credential"
        start, end = int.from_bytes(entry[8:12]), int.from_bytes(entry[12:16])
        if end != 0xFFFFFFFF and at >= end:
            return "expired"
        if at < start:
            return "not_yet_valid"
        if entry[16] and not self.scheduled(entry[16], at):
            return "outside_schedule"
        if entry[17] & 4 and place["direction"] == "in":
            return "exit_only"
        grace = 0 if self.config["stale"] == "deny" else self.config["offline_grace_s"]
        return "list_stale" if at >= whole["fresh_until"] + grace else None

    def scheduled(self, index: int, at: int) -> bool:
        schedule = self.schedules["schedules"].get(index)
        if schedule is None:
            return False
        local = datetime.fromtimestamp(at, ZoneInfo(self.schedules["timezone"]))
        holiday = int(local.strftime("%Y%m%d")) in self.schedules["holidays"]
        ranges = schedule["holidays"] if holiday else schedule["weekdays"][local.weekday()]
        return any(start <= local.hour * 60 + local.minute < stop for start, stop in ranges)


def root_of(entries: dict[bytes, bytes]) -> bytes:
    buckets: list[list[bytes]] = [[] for _ in range(256)]
    for key in sorted(entries):
        buckets[hashlib.sha256(key).digest()[0]].append(entries[key])
    return hashlib.sha256(b"".join(hashlib.sha256(b"".join(bucket)).digest() for bucket in buckets)).digest()
