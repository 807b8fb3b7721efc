"""Every message of the protocol, in one place to import from."""

from sync.protocol.controllers import Ack, Command, CommandKind, Event, Events, Reply, ReplyResult, Status
from sync.protocol.lists import BaseRef, Head, Page, Tail, Window
from sync.protocol.site import Config, GatewayStatus, PortalConfig, Schedules

__all__ = [
    "Ack",
    "BaseRef",
    "Command",
    "CommandKind",
    "Config",
    "Event",
    "Events",
    "GatewayStatus",
    "Head",
    "Page",
    "PortalConfig",
    "Reply",
    "ReplyResult",
    "Schedules",
    "Status",
    "Tail",
    "Window",
]
