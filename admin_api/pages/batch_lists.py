"""A list of people as it comes out of a spreadsheet: unit, name, receipt, printed number, one card a row."""

import codecs
import csv
import io
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from admin_api.pages.i18n import N_
from gateway.domain.errors import GatehouseError, MalformedError

COLUMNS: Final = ("unit", "name", "receipt", "number")
_HEADINGS: Final[Mapping[str, str]] = {
    heading: column
    for column, headings in {
        "unit": "unit room 房号 房號 单元 單元 户号 戶號 房屋",
        "name": "name person owner holder 姓名 业主 業主 住户 住戶 持卡人",
        "receipt": "receipt receiptnumber 收据 收據 收据号 收據號 收据编号 收據編號 票号 票號",
        "number": "number card cardnumber printednumber 卡号 卡號 印刷号 印刷號 卡面号 卡面號",
    }.items()
    for heading in headings.split()
}


@dataclass(frozen=True, slots=True)
class ListRow:
    """One row. ``line`` counts from 1 as in the text; ``problem`` is what is wrong with its form."""

    line: int
    unit: str = ""
    name: str = ""
    receipt: str = ""
    number: str = ""
    problem: GatehouseError | None = None


def decode(content: bytes) -> str:
    """A file's text: UTF-8 or UTF-16 with its mark, UTF-8, or GB 18030 as Chinese spreadsheets save it."""
    encodings = ["utf-8-sig", "gb18030"]
    if content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        encodings = ["utf-16"]
    for encoding in encodings:
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise MalformedError(
        N_("The file is no text that can be read here. Save it as CSV, or copy the rows and paste them."),
        fields={"file": N_("a CSV file")},
    )


def parse(text: str) -> list[ListRow]:
    """The rows that hold something; a first row of headings says in which order the columns stand."""
    plain = text.lstrip("\ufeff").replace("\uff0c", ",")  # as Chinese keyboards type it
    if "\0" in plain:
        raise MalformedError(N_("The list holds characters that are no text. Save the file as CSV."))
    read = _cells(plain)
    columns: Sequence[str] = COLUMNS
    if read and (named := _headings(read[0][1])):
        columns, read = named, read[1:]
    return [_row(line, cells, columns) for line, cells in read]


def _cells(text: str) -> list[tuple[int, list[str]]]:
    first = next((line for line in text.splitlines() if line.strip()), "")
    delimiter = next((mark for mark in "\t;" if mark in first), ",")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
    try:
        read = [(reader.line_num, [cell.strip() for cell in cells]) for cells in reader]
    except csv.Error:
        raise MalformedError(N_("The list cannot be read as rows and columns. Save it as CSV.")) from None
    return [(line, cells) for line, cells in read if any(cells)]


def _headings(cells: Sequence[str]) -> list[str]:
    """The columns a row of headings names; nothing when it is no such row."""
    columns = [_HEADINGS.get(cell.lower().replace(" ", ""), "") for cell in cells]
    return columns if {"unit", "name"} <= set(columns) else []


def _row(line: int, cells: Sequence[str], columns: Sequence[str]) -> ListRow:
    known = dict(zip(columns, cells, strict=False))
    unit, name, receipt, number = (known.get(column, "") for column in COLUMNS)
    problem = None
    if not unit or not name:
        problem = MalformedError(N_("A row has at least a unit and a name."))
    elif columns is COLUMNS and any(cells[len(COLUMNS) :]):
        problem = MalformedError(N_("A row has at most four columns: unit, name, receipt, printed number."))
    return ListRow(line, unit, name, receipt, number, problem)
