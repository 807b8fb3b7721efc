"""Files for a mosquitto that serves one site: configuration, passwords, access list.

Enrolling a controller adds a line to the password file, and a SIGHUP makes mosquitto read it (mosquitto(8),
"Signals"); nobody is disconnected.
"""

import base64
import hashlib
import os
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.domain.errors import MalformedError
from gateway.ports import DeviceOfflineError
from sync.controller_store import write_atomically
from sync.protocol.topics import Kind, Topics

GATEWAY_USER: Final = "gateway"
PASSWORDS: Final = "passwords"
ACCESS: Final = "access"
PID: Final = "mosquitto.pid"
# A random password needs no stretching; mosquitto's own default is 101 rounds.
_ROUNDS: Final = 101
_READS: Final = (Kind.CONFIG, Kind.ACK, Kind.COMMANDS)
_WRITES: Final = (Kind.STATUS, Kind.EVENTS, Kind.REPLIES)


@dataclass(frozen=True, slots=True)
class Listener:
    """Where mosquitto listens; with TLS files it asks for no certificate but offers its own."""

    port: int
    host: str = "127.0.0.1"
    ca_file: str | None = None
    cert_file: str | None = None
    key_file: str | None = None


def password_line(user: str, password: str, salt: bytes) -> str:
    """A line of a password file: PBKDF2-HMAC-SHA512, as mosquitto 2 writes it; ``salt`` has 12 bytes."""
    if ":" in user or "\n" in user:
        raise MalformedError("A user name has no colon and no line break.")
    digest = hashlib.pbkdf2_hmac("sha512", password.encode(), salt, _ROUNDS)
    return f"{user}:$7${_ROUNDS}${base64.b64encode(salt).decode()}${base64.b64encode(digest).decode()}\n"


def access_list(site: str) -> str:
    """The gateway has everything under the site's root; a controller its own topics, and reads what all may.

    Patterns name the user that is connected (mosquitto.conf(5), "acl_file"), so a new controller needs no new line.
    """
    topics = Topics(site)
    lines = [f"user {GATEWAY_USER}", f"topic readwrite {topics.root}/#", ""]
    lines += [f"pattern read {topic}" for topic in (topics.gateway_status, topics.schedules, topics.all_lists())]
    lines += [f"pattern read {topics.root}/controllers/%u/{kind}" for kind in _READS]
    lines += [f"pattern write {topics.root}/controllers/%u/{kind}" for kind in _WRITES]
    return "\n".join(lines) + "\n"


def configuration(directory: Path, listener: Listener, run_as: str | None = None) -> str:
    """mosquitto.conf(5). ``run_as`` where mosquitto, started by root, is not to become the user ``mosquitto``."""
    lines = [
        f"listener {listener.port} {listener.host}",
        "allow_anonymous false",
        # Whoever connects takes the session of his own account only, never another's by naming its client id.
        "use_username_as_clientid true",
        f"pid_file {directory / PID}",
        f"password_file {directory / PASSWORDS}",
        f"acl_file {directory / ACCESS}",
        "persistence true",
        f"persistence_location {directory}/",
        "autosave_interval 60",
        "max_inflight_messages 100",
        "max_queued_messages 10000",
        "message_size_limit 262144",
        "persistent_client_expiration 1d",
        "set_tcp_nodelay true",
        "log_dest stderr",
        "log_type error",
        "log_type warning",
    ]
    files = {"cafile": listener.ca_file, "certfile": listener.cert_file, "keyfile": listener.key_file}
    lines += [f"{option} {file}" for option, file in files.items() if file is not None]
    if run_as is not None:
        lines.append(f"user {run_as}")
    return "\n".join(lines) + "\n"


def write_users(
    directory: Path, site: str, gateway_password: str, controllers: Mapping[str, str], random: Callable[[int], bytes]
) -> None:
    """Writes ``passwords`` and ``access``; send mosquitto a SIGHUP afterwards. ``controllers``: name to password."""
    users = {GATEWAY_USER: gateway_password, **controllers}
    _write(directory / PASSWORDS, "".join(password_line(user, users[user], random(12)) for user in users))
    _write(directory / ACCESS, access_list(site))


class MosquittoAccounts:
    """The accounts of a mosquitto on this machine (ports.BrokerAccounts). ``directory`` is as write_users leaves it.

    The gateway must be allowed to write there and to signal the process named in ``mosquitto.pid``.
    """

    def __init__(self, directory: Path, random: Callable[[int], bytes] = os.urandom) -> None:
        self._directory = directory
        self._random = random

    def enrol(self, user: str, password: str) -> None:
        """Adds the account, or gives it a new password, and has mosquitto read it. Raises DeviceOfflineError."""
        if user == GATEWAY_USER:
            raise MalformedError("%(user)s is the gateway's own account.", user=user)
        try:
            lines = (self._directory / PASSWORDS).read_text().splitlines(keepends=True)
            kept = [line for line in lines if not line.startswith(f"{user}:")]
            _write(self._directory / PASSWORDS, "".join([*kept, password_line(user, password, self._random(12))]))
            os.kill(int((self._directory / PID).read_text()), signal.SIGHUP)
        except (OSError, ValueError) as error:
            raise DeviceOfflineError(
                "The broker could not be told of %(user)s: %(why)s. See [mqtt] mosquitto_directory.",
                user=user,
                why=str(error),
            ) from error


def _write(path: Path, text: str) -> None:
    write_atomically(path, text.encode())
    path.chmod(0o600)
