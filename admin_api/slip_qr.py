"""The QR of an issued slip (ISO/IEC 18004), as a picture that stands alone.

A camera reads a screen best when the modules are large: error correction M keeps a usual slip at version 8.
Thermal paper smears and gets blotted: Q stands an ink blot of a tenth of the area, and its version 10 is
41 mm wide on a 203 dpi receipt printer. The level is never raised above that ("boost"): it would only make
the modules smaller.
"""

import io
from enum import StrEnum

import segno

from gateway.domain.errors import RuleViolationError
from gateway.services.slip_views import SlipView


class Medium(StrEnum):
    """Where the code will be read from."""

    SCREEN = "screen"
    PAPER = "paper"


_QUIET_MODULES = 4  # ISO/IEC 18004, 9.1
_LEVEL = {Medium.SCREEN: "m", Medium.PAPER: "q"}


def qr_svg(slip: SlipView, medium: Medium) -> bytes:
    """An SVG document; raises RuleViolationError before the slip was issued."""
    out = io.BytesIO()
    _code(slip, medium).save(
        out, kind="svg", border=_QUIET_MODULES, scale=4, xmldecl=False, title=f"Slip {slip.slip_no}"
    )
    return out.getvalue()


def qr_data_uri(slip: SlipView, medium: Medium) -> str:
    """The same as the address of an ``img``; empty before the slip was issued."""
    if slip.token is None:
        return ""
    return str(_code(slip, medium).svg_data_uri(border=_QUIET_MODULES, omitsize=True))


def _code(slip: SlipView, medium: Medium) -> segno.QRCode:
    if slip.token is None:
        raise RuleViolationError("R-SLIP-7", "Slip %(id)s was not issued yet; there is nothing to scan.", id=slip.id)
    return segno.make_qr(slip.token, error=_LEVEL[medium], boost_error=False)
