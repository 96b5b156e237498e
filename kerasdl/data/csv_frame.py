"""CSV files as frames of text; what is not a clean table is refused with its line."""

import csv
import io
from pathlib import Path
from typing import TYPE_CHECKING

from kerasdl.data.files import read_utf8
from kerasdl.errors import UserError, require

if TYPE_CHECKING:
    import pandas

_DELIMITERS = ",;\t"


def read_frame(path: Path) -> "pandas.DataFrame":
    """A CSV file's fields as text, missing ones as NaN.

    Raises:
        UserError: If it is empty, not UTF-8, ragged, without a header or a row, or has two columns
            of one name.
    """
    require("pandas", "train", "reading tables")
    import pandas

    text = read_utf8(path)
    delimiter, header, rows = _scan(text, path)
    try:
        frame = pandas.read_csv(
            io.StringIO(text),
            sep=delimiter,
            dtype=str,
            skipinitialspace=True,
            names=header,
            header=0,
            index_col=False,
        )
    except ValueError as error:
        raise UserError(f"{path}: not a CSV table ({error}).") from None
    if len(frame) != rows:
        raise UserError(
            f"{path}: its rows cannot be told apart: {rows} or {len(frame)}. Look for a stray "
            "quotation mark or an empty line."
        )
    return frame


def _scan(text: str, path: Path) -> tuple[str, list[str], int]:
    """Delimiter, header and number of rows of a table whose rows are all of the header's length."""
    if not text.strip():
        raise UserError(f"{path}: the table is empty.")
    first = text.lstrip("\r\n").split("\n", 1)[0]
    delimiter = max(_DELIMITERS, key=first.count)
    reader = csv.reader(
        io.StringIO(text, newline=""), delimiter=delimiter, skipinitialspace=True, strict=True
    )
    header: list[str] = []
    rows = 0
    try:
        for row in reader:
            if not row:
                continue
            if not header:
                header = _checked_header(row, path)
            elif len(row) != len(header):
                raise UserError(
                    f"{path}, line {reader.line_num}: every row must have the header's "
                    f"{len(header)} fields. Received: {len(row)}."
                )
            else:
                rows += 1
    except csv.Error as error:
        raise UserError(f"{path}, line {reader.line_num}: not a CSV table ({error}).") from None
    if rows == 0:
        raise UserError(f"{path}: the table has a header and no rows.")
    return delimiter, header, rows


def _checked_header(row: list[str], path: Path) -> list[str]:
    header = [name.strip() for name in row]
    if all(_is_number(name) for name in header):
        raise UserError(
            f"{path}: the first line must name the columns. Received numbers: {', '.join(row[:5])}."
        )
    for place, name in enumerate(header):
        if not name:
            raise UserError(
                f"{path}: every column must have a name. Received: none for column {place + 1}. A "
                "row number written by pandas is left out with to_csv(…, index=False)."
            )
        if name in header[:place]:
            raise UserError(
                f"{path}: column names must differ. Received: {name!r} for columns "
                f"{header.index(name) + 1} and {place + 1}."
            )
    return header


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True
