"""A slip on paper: the list of goods, the QR, and the same four characters of the list's digest under both.

Error correction M without boost keeps a usual slip at QR version 8 (ISO/IEC 18004), which reads well from
a 203 dpi receipt printer.
"""

import base64
import hashlib
import io
from datetime import datetime
from typing import Final
from zoneinfo import ZoneInfo

import segno
from fastapi import Response
from jinja2 import Environment

from gateway.domain.errors import RuleViolationError
from gateway.services.slip_views import SlipView

_STYLE: Final = (
    "body{font:12pt/1.4 system-ui,'Noto Sans CJK SC','Microsoft YaHei',sans-serif;margin:12mm;max-width:180mm}"
    "h1{font-size:20pt}table{border-collapse:collapse;width:100%}th,td{border:1px solid;padding:2mm;text-align:left}"
    "td.n{text-align:right;font-variant-numeric:tabular-nums}figure{margin:6mm 0}svg{width:45mm;height:45mm}"
)
_TEMPLATE: Final = Environment(autoescape=True).from_string("""\
<!doctype html>
<html lang="zh-Hans">
<meta charset="utf-8">
<title>物品放行条 {{ slip.slip_no }}</title>
<style>{{ style | safe }}</style>
<h1>物品放行条 Release slip {{ slip.slip_no }}</h1>
<p>{{ slip.unit }} · {{ slip.applicant }}{% if slip.plate %} · {{ slip.plate }}{% endif %}</p>
<p>有效期 Valid: {{ start }} – {{ end }} · 岗亭 Post: {{ slip.post }}</p>
<table>
<thead><tr><th>#<th>物品 Goods<th>数量 Quantity<th>编号 Serial</thead>
<tbody>
{% for line in slip.lines -%}
<tr><td class="n">{{ line.line }}<td>{{ line.name }}
<td class="n">{{ line.qty }} {{ line.unit }}<td>{{ line.serial or "" }}
{% endfor -%}
</tbody>
</table>
<p>校验 Check: {{ slip.digest_tail }}</p>
<figure>{{ qr | safe }}<figcaption>校验 Check: {{ slip.digest_tail }}</figcaption></figure>
</html>
""")


def qr_svg(slip: SlipView) -> bytes:
    """The QR as an SVG document; raises RuleViolationError before the slip was issued."""
    if slip.token is None:
        raise RuleViolationError("R-SLIP-7", "Slip %(id)s was not issued yet; there is nothing to scan.", id=slip.id)
    out = io.BytesIO()
    segno.make(slip.token, error="m", boost_error=False, micro=False).save(
        out, kind="svg", border=4, scale=4, xmldecl=False, svgns=True, title=f"Slip {slip.slip_no}"
    )
    return out.getvalue()


def page_of_slip(slip: SlipView, zone: ZoneInfo) -> Response:
    """The sheet as a page without scripts; its one style is named by its hash (CSP Level 3, 2.3.1)."""
    qr = qr_svg(slip).decode()
    start, end = (_local(at, zone) for at in (slip.issued_at, slip.valid_through))
    html = _TEMPLATE.render(slip=slip, style=_STYLE, qr=qr, start=start, end=end)
    digest = base64.b64encode(hashlib.sha256(_STYLE.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; frame-ancestors 'none'; base-uri 'none'"
    return Response(html, media_type="text/html", headers={"Content-Security-Policy": policy})


def _local(at: int | None, zone: ZoneInfo) -> str:
    return "" if at is None else datetime.fromtimestamp(at, zone).strftime("%Y-%m-%d %H:%M")
