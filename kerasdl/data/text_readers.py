"""Texts from files: lines, parallel texts, columns of a table, annotated sentences."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path

from kerasdl.data.files import bare_suffix, read_utf8
from kerasdl.errors import UserError, did_you_mean

EMPTY = ("refuse", "skip", "keep")
CONLLU_COLUMNS = (
    "id", "form", "lemma", "upos", "xpos", "feats", "head", "deprel", "deps", "misc",
)  # fmt: skip
_SPACED = frozenset({"form", "lemma", "misc"})
_ID = re.compile(r"(?P<word>[1-9]\d*)|(?P<first>[1-9]\d*)-(?P<last>[1-9]\d*)|\d+\.[1-9]\d*")

Numbered = tuple[int, list[str]]


def read_lines(path: str | Path, empty: str = "keep") -> list[str]:
    r"""The lines of a text without their ends.

    A line ends with `\n` or `\r\n` alone: other separators of Unicode belong to the text.

    Args:
        path: A text in UTF-8, `.gz` and `.xz` too.
        empty: What is done with lines of white space: `keep`, `skip` or `refuse`.

    Raises:
        UserError: If the file is missing, damaged or not UTF-8, or on an empty line to refuse.
    """
    lines = _lines(path)
    return [line for _, (line,) in _filled(((n, [text]) for n, text in lines), empty, path)]


def read_parallel(
    source: str | Path, target: str | Path | None = None, empty: str = "refuse"
) -> tuple[list[str], list[str]]:
    """Texts and their translations: two lists of equal length.

    Args:
        source: A text, one sentence a line; without `target`, with two columns parted by a tab.
        target: The text whose lines translate those of `source`.
        empty: What is done with a pair of which a side is white space: `refuse`, `skip`, `keep`.

    Raises:
        UserError: On unequal lengths (with both and the first line that has no partner), a line
            without two columns, an empty side to refuse, or a file that cannot be read.
    """
    if target is None:
        rows = ((number, line.split("\t")) for number, line in _lines(source))
        checked = _with_width(rows, 2, source, "two texts parted by a tab")
        return _columns(_filled(checked, empty, source), 2)
    sides = [[line for _, line in _lines(path)] for path in (source, target)]
    lengths = [len(side) for side in sides]
    if lengths[0] != lengths[1]:
        longer = source if lengths[0] > lengths[1] else target
        raise UserError(
            f"{source} and {target} must have equally many lines. Received: {lengths[0]} and "
            f"{lengths[1]}; {longer}, line {min(lengths) + 1} is the first without a partner."
        )
    pairs = ((n, list(pair)) for n, pair in enumerate(zip(*sides, strict=True), 1))
    return _columns(_filled(pairs, empty, f"{source} and {target}"), 2)


def read_columns(
    path: str | Path,
    *columns: str | int,
    header: bool = True,
    quoted: bool | None = None,
    empty: str = "refuse",
) -> tuple[list[str], ...]:
    """Columns of a CSV or TSV file, such as a text and its label: one list for each.

    Args:
        path: A table in UTF-8, parted by commas or, if it is named `.tsv`, by tabs; `.gz` and
            `.xz` too.
        *columns: Names of columns, or their places counted from 0.
        header: Whether the first row names the columns; without it they go by place.
        quoted: Whether fields may stand in quotation marks, and then hold separators and line
            ends. Without it: `.csv` yes, `.tsv` no, where each line is a row as it is.
        empty: What is done with a row of which a wanted field is white space: `refuse`, `skip`,
            `keep`.

    Raises:
        UserError: On an unknown column, a row of another length, an empty field to refuse, or a
            file that cannot be read.

    Example: `texts, labels = read_columns("reviews.csv", "text", "label")`.
    """
    if not columns:
        raise UserError("`columns` must name at least one column. Received: none.")
    tabs = bare_suffix(Path(path)) == ".tsv"
    rows = _table_rows(path, "\t" if tabs else ",", not tabs if quoted is None else quoted)
    first = next(rows, None)
    if first is None:
        raise UserError(f"{path}: the table is empty.")
    number, fields = first
    places = [_place(column, fields if header else None, len(fields), path) for column in columns]
    rest = rows if header else _again(first, rows)
    checked = _with_width(rest, len(fields), path, f"the {len(fields)} fields of line {number}")
    wanted = ((number, [row[place] for place in places]) for number, row in checked)
    return _columns(_filled(wanted, empty, path), len(columns))


def read_conllu(path: str | Path, *columns: str) -> tuple[list[list[str]], ...]:
    """Columns of a CoNLL-U file: for each a list of sentences, each the list of its words' values.

    Comments, multiword tokens (`8-9`) and empty nodes (`8.1`) are no words and are left out.

    Args:
        path: An annotated text in UTF-8, `.gz` and `.xz` too.
        *columns: `id`, `form`, `lemma`, `upos`, `xpos`, `feats`, `head`, `deprel`, `deps` or
            `misc`; a value that is not given is `_`.

    Raises:
        UserError: On an unknown column, or the first line against the rules of the format: ten
            fields, none empty, words numbered 1, 2, 3, comments before the words.

    Example: `words, tags = read_conllu("dev.conllu.gz", "form", "upos")`.

    Reference: https://universaldependencies.org/format.html
    """
    if not columns:
        raise UserError("`columns` must name at least one column. Received: none.")
    for column in columns:
        if column not in CONLLU_COLUMNS:
            raise UserError(
                f"`columns` must be of {', '.join(CONLLU_COLUMNS)}. Received: {column!r}."
                + did_you_mean(str(column), CONLLU_COLUMNS)
            )
    places = [CONLLU_COLUMNS.index(column) for column in columns]
    sentences = list(_sentences(path))
    if not sentences:
        raise UserError(f"{path}: there must be at least one sentence. Received: none.")
    return tuple([[word[p] for word in sentence] for sentence in sentences] for p in places)


def _lines(path: str | Path) -> list[tuple[int, str]]:
    """Line numbers from 1, and lines."""
    lines = read_utf8(path).split("\n")
    if not lines[-1]:
        lines.pop()
    if not lines:
        raise UserError(f"{path}: the text must have at least one line. Received: none.")
    return [(number, line.removesuffix("\r")) for number, line in enumerate(lines, 1)]


def _filled(rows: Iterator[Numbered], empty: str, path: object) -> list[Numbered]:
    """The rows, those with an empty field treated as `empty` says."""
    if empty not in EMPTY:
        raise UserError(f"`empty` must be one of {', '.join(EMPTY)}. Received: empty={empty!r}")
    kept = []
    for number, fields in rows:
        if empty != "keep" and not all(field.strip() for field in fields):
            if empty == "skip":
                continue
            raise UserError(
                f"{path}, line {number}: there must be a text. Received: {fields!r:.60}. "
                "Repair it, or read with empty='skip'."
            )
        kept.append((number, fields))
    if not kept:
        raise UserError(f"{path}: there must be a row that is not empty. Received: none.")
    return kept


def _columns(rows: list[Numbered], width: int) -> tuple[list[str], ...]:
    return tuple([fields[place] for _, fields in rows] for place in range(width))


def _with_width(
    rows: Iterator[Numbered], width: int, path: object, rule: str
) -> Iterator[Numbered]:
    for number, fields in rows:
        if len(fields) != width:
            raise UserError(
                f"{path}, line {number}: every row must have {rule}. Received: {len(fields)}: "
                f"{fields!r:.60}"
            )
        yield number, fields


def _again(first: Numbered, rows: Iterator[Numbered]) -> Iterator[Numbered]:
    yield first
    yield from rows


def _table_rows(path: str | Path, separator: str, quoted: bool) -> Iterator[Numbered]:
    """Rows with the number of the line that each ends on; empty lines are no rows."""
    if not quoted:
        for number, line in _lines(path):
            if line:
                yield number, line.split(separator)
        return
    stream = io.StringIO(read_utf8(path), newline="")
    reader = csv.reader(stream, delimiter=separator, strict=True)
    limit = csv.field_size_limit(2**31 - 1)  # a text may be long; the limit is the process's
    try:
        for row in reader:
            if row:
                yield reader.line_num, row
    except csv.Error as error:
        raise UserError(f"{path}, line {reader.line_num}: not a CSV table ({error}).") from None
    finally:
        csv.field_size_limit(limit)


def _place(column: str | int, names: list[str] | None, width: int, path: object) -> int:
    if isinstance(column, str) and names is not None:
        found = [place for place, name in enumerate(names) if name.strip() == column]
        if len(found) == 1:
            return found[0]
        shown = ", ".join(names)
        raise UserError(
            f"{path}: the table must have one column {column!r}. Received the columns: {shown}."
            + did_you_mean(column, names)
        )
    if isinstance(column, int) and not isinstance(column, bool) and 0 <= column < width:
        return column
    rule = f"a place in [0, {width})" + ("" if names is None else " or a name")
    raise UserError(f"{path}: a column must be {rule}. Received: {column!r}.")


def _sentences(path: str | Path) -> Iterator[list[list[str]]]:
    words: list[list[str]] = []
    for number, line in [*_lines(path), (0, "")]:
        if not line:
            if words:
                yield words
            words = []
        elif line.startswith("#"):
            if words:
                raise _against(path, number, "comments must stand before the words", line)
        else:
            fields, rule = _word(line, len(words) + 1)
            if rule:
                raise _against(path, number, rule, line)
            if fields is not None:
                words.append(fields)


def _word(line: str, due: int) -> tuple[list[str] | None, str]:
    """The fields of a word, `None` for a multiword token or an empty node; or the rule broken."""
    fields = line.split("\t")
    if len(fields) != len(CONLLU_COLUMNS):
        return None, f"there must be 10 fields parted by tabs, not {len(fields)}"
    if " " in line or "" in fields:
        for name, field in zip(CONLLU_COLUMNS, fields, strict=True):
            if not field or (" " in field and name not in _SPACED):
                return None, f"the field {name} must be filled and hold no space"
    if fields[0] == str(due):
        return fields, ""
    match = _ID.fullmatch(fields[0])
    if match is None:
        return None, "the id must be of the form 8, 8-9 or 8.1"
    if match["word"] is not None:
        return None, f"the next word must have the id {due}"
    if match["first"] is not None and not due == int(match["first"]) < int(match["last"]):
        return None, f"a multiword token must begin at word {due} and end after it"
    return None, ""


def _against(path: object, number: int, rule: str, line: str) -> UserError:
    return UserError(f"{path}, line {number}: {rule}. Received: {line[:60]!r}.")
