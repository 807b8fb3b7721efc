"""What the simulators play, read from ``compound.json`` (written by the demo; shape: gateway/daemon/demo_state.py)."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self


@dataclass(frozen=True, slots=True)
class Box:
    """A gate controller to play: its provisioning file and a directory for its memory."""

    id: str
    provisioning: Mapping[str, Any]
    state: Path


@dataclass(frozen=True, slots=True)
class Plan:
    """All simulated hardware, and where the gateway answers."""

    directory: Path
    gateway_url: str
    gateway_token: str
    traffic: bool
    portal: str
    osdp_link: Path
    osdp_address: int
    osdp_key: bytes
    barrier_link: Path
    barrier_unit: int
    scanner_link: Path
    encoder: tuple[str, int]
    encoder_name: str
    reader_keys: Path
    card_box: Path
    boxes: tuple[Box, ...]

    @classmethod
    def load(cls, directory: Path) -> Self:
        """From the demo's directory."""
        told = json.loads((directory / "compound.json").read_text(encoding="utf-8"))
        reader, barrier = told["osdp"]["readers"][0], told["barriers"][0]
        return cls(
            directory,
            told["gateway"]["url"],
            told["gateway"]["token"],
            told["traffic"],
            reader["portal"],
            Path(told["osdp"]["link"]),
            reader["address"],
            bytes.fromhex(reader["scbk"]),
            Path(barrier["link"]),
            barrier["unit"],
            Path(told["scanners"][0]["link"]),
            (told["encoder"]["host"], told["encoder"]["port"]),
            told["encoder"]["name"],
            Path(told["cards"]["reader_keys"]),
            Path(told["cards"]["box"]),
            tuple(_box(box) for box in told["controllers"]),
        )


def _box(told: Mapping[str, str]) -> Box:
    provisioning = json.loads(Path(told["provisioning"]).read_text(encoding="utf-8"))
    return Box(told["id"], provisioning, Path(told["state"]))
