"""Runs the benchmarks, prints them and writes ``var/bench.json``."""

import importlib
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from tests.bench.measure import Row

ALL = ("decision", "journal", "slips", "revocation", "card_to_coil", "start", "card_commands", "card_desk")


def main(names: tuple[str, ...]) -> int:
    """Exit status 1 when a limit does not hold."""
    console = Console(width=140)
    table = Table("what", "ours", "reference", "unit", "ratio", "limit", "holds")
    target = Path("var/bench.json")
    target.parent.mkdir(exist_ok=True)  # where the measured stores lie too: on a disk, as /tmp may not be
    rows: list[Row] = []
    for name in names:
        with console.status(f"measuring {name}"):
            for row in importlib.import_module(f"tests.bench.{name}").rows():
                rows.append(row)
                console.print(f"{row.name}: {row.ours:.4g} / {row.reference:.4g} {row.unit} = {row.ratio:.3g}")
    for row in rows:
        limit, holds = f"{row.limit_is} {row.limit:.3g}", "yes" if row.holds else "NO"
        table.add_row(row.name, f"{row.ours:.4g}", f"{row.reference:.4g}", row.unit, f"{row.ratio:.3g}", limit, holds)
    console.print(table)
    target.write_text(json.dumps([row.as_dict() for row in rows], indent=1) + "\n", encoding="utf-8")
    console.print(f"written to {target}")
    return 0 if all(row.holds for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main(tuple(sys.argv[1:]) or ALL))
