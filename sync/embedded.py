"""A broker in a process of its own, for demonstrations and tests: ``python -m sync.embedded --port N``.

It is iotcore (rumqttd). It has no access lists (whoever may connect may publish anywhere), keeps nothing on
disk, and speaks MQTT 3.1.1 and 5 on two ports; user name and password are checked. Loopback only; a
site uses mosquitto (sync.mosquitto).
"""

import argparse
import json
import logging
import socket
import sys
import tempfile
import threading
import time
from pathlib import Path
from typing import Final

from iotcore.iotcore import IotCoreBroker

_HOST: Final = "127.0.0.1"
_ROUTER: Final = """\
id = 0
[router]
id = 0
max_connections = 5000
max_outgoing_packet_count = 1000
max_segment_size = 104857600
max_segment_count = 10
"""
_LISTENER: Final = """
[{version}.1]
name = "{version}"
listen = "127.0.0.1:{port}"
next_connection_delay_ms = 1
[{version}.1.connections]
connection_timeout_ms = 60000
max_payload_size = 1048576
max_inflight_count = 200
dynamic_filters = true
"""


def configuration(port: int, port5: int, username: str | None, password: str | None) -> str:
    """The broker's TOML: two listeners on loopback, payloads up to 1 MiB."""
    text = _ROUTER
    for version, number in (("v4", port), ("v5", port5)):
        text += _LISTENER.format(version=version, port=number)
        if username is not None:
            text += f"[{version}.1.connections.auth]\n{json.dumps(username)} = {json.dumps(password or '')}\n"
    return text


def free_port() -> int:
    """A port nobody listens on now."""
    with socket.socket() as probe:
        probe.bind((_HOST, 0))
        port: int = probe.getsockname()[1]
    return port


def _announce(port: int, port5: int, port_file: Path | None) -> None:
    for number in (port, port5):
        while not _accepts(number):
            time.sleep(0.02)
    if port_file is not None:
        port_file.write_text(json.dumps({"mqtt3": port, "mqtt5": port5}))
    sys.stdout.write(f"ready mqtt3={port} mqtt5={port5}\n")
    sys.stdout.flush()


def _accepts(port: int) -> bool:
    try:
        with socket.create_connection((_HOST, port), timeout=1):
            return True
    except OSError:
        return False


def main() -> None:
    """Serves until killed; says ``ready mqtt3=PORT mqtt5=PORT`` on standard output once it accepts."""
    parser = argparse.ArgumentParser(description="Runs an MQTT broker on loopback, for demonstrations and tests.")
    parser.add_argument("--port", type=int, default=0, help="MQTT 3.1.1 (0: any free port)")
    parser.add_argument("--port5", type=int, default=0, help="MQTT 5 (0: any free port)")
    parser.add_argument("--username")
    parser.add_argument("--password")
    parser.add_argument("--port-file", type=Path, help="where to write the ports as JSON")
    arguments = parser.parse_args()
    port, port5 = arguments.port or free_port(), arguments.port5 or free_port()
    # rumqttd writes a log record of level ERROR for every packet
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    with tempfile.NamedTemporaryFile("w", suffix=".toml") as file:
        file.write(configuration(port, port5, arguments.username, arguments.password))
        file.flush()
        threading.Thread(target=_announce, args=(port, port5, arguments.port_file), daemon=True).start()
        IotCoreBroker(config_path=file.name).run_forever()


if __name__ == "__main__":
    main()
