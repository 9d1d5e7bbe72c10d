#!/usr/bin/python3
"""Compares workbooks with the rows that they were made from.

usage: workbook_check.py BOOK.xlsx ROWS.json [LIBREOFFICE.xlsx]

ROWS.json is what  SELECT json_agg(r) FROM aidcase.report_...() AS r  says.
Every cell of the data sheets must be the row's value, of the right type;
every formula of the totals must have as its stored value what comes out when
it is computed anew.  LIBREOFFICE.xlsx is the book as LibreOffice saved it
after computing every formula again: all values must be the same there.
Prints the number of cells compared, or what differs, and exits with 1.
"""
import datetime
import json
import re
import sys
from decimal import ROUND_HALF_UP, Decimal

import openpyxl

faults = []


def fault(text):
    faults.append(text)


def plain(value):
    """A cell's value as it is compared."""
    if isinstance(value, datetime.datetime):
        return value.date().isoformat() if value.time() == datetime.time() else value.isoformat(' ')
    if isinstance(value, bool):
        return str(value)
    if isinstance(value, (int, float)):
        return Decimal(repr(value)).normalize()
    return value


def wanted(value, cell):
    """A row's value as the cell should show it."""
    if value is None:
        return None
    if isinstance(value, bool):
        return '是' if value else '否'
    if isinstance(value, (int, Decimal)) and cell.data_type != 's':
        return Decimal(value).normalize()
    return str(value)


def compute(formula, sheet, values):
    """SUM, COUNTA, MAX, MIN over a range of a column, ROUND of a ratio."""
    found = re.fullmatch(r'=(SUM|COUNTA|MAX|MIN)\(([A-Z]+)(\d+):([A-Z]+)(\d+)\)', formula)
    if found:
        name, column, first, _, last = found.groups()
        cells = [values[f'{column}{n}'].value for n in range(int(first), int(last) + 1)]
        cells = [c for c in cells if c is not None]
        if name == 'COUNTA':
            return Decimal(len(cells))
        numbers = [Decimal(repr(c)) for c in cells if not isinstance(c, str)]
        return (sum(numbers, Decimal(0)) if name == 'SUM' else max(numbers) if name == 'MAX' else min(numbers))
    found = re.fullmatch(r'=ROUND\(([A-Z]+\d+)/([A-Z]+\d+),(\d+)\)', formula)
    if found:
        above, below, places = found.groups()
        return (Decimal(repr(values[above].value)) / Decimal(repr(values[below].value))).quantize(
            Decimal(1).scaleb(-int(places)), ROUND_HALF_UP)
    raise ValueError(f'{sheet}: unknown formula {formula}')


def main():
    book = openpyxl.load_workbook(sys.argv[1])
    values = openpyxl.load_workbook(sys.argv[1], data_only=True)
    rows = json.loads(open(sys.argv[2], encoding='utf-8').read().strip() or '[]', parse_float=Decimal)
    again = openpyxl.load_workbook(sys.argv[3], data_only=True) if len(sys.argv) > 3 else None
    compared = 0
    at = 0

    if not book.sheetnames[-1].startswith('说明'):
        fault('the last sheet does not say where the figures are from')
    data_sheets = [s for s in book.worksheets[:-1] if s.print_title_rows]
    for sheet in data_sheets:
        stored = values[sheet.title]
        head_last = int(sheet.print_title_rows.split(':')[1].lstrip('$'))
        row = head_last + 1
        formulas = 0
        merged = {r.min_row for r in sheet.merged_cells.ranges if r.min_row > head_last}
        while row <= sheet.max_row and row not in merged:
            cells = sheet[row]
            if any(c.data_type == 'f' for c in cells):
                for cell in cells:
                    if cell.data_type == 'f':
                        formulas += 1
                        compared += 1
                        if plain(stored[cell.coordinate].value) != compute(cell.value, sheet.title, stored).normalize():
                            fault(f'{sheet.title}!{cell.coordinate}: {cell.value} has the value {stored[cell.coordinate].value}')
                break
            if at == len(rows):
                fault(f'{sheet.title}: row {row} is not in the report')
                break
            for cell, (name, value) in zip(cells, rows[at].items()):
                compared += 1
                if plain(cell.value) != wanted(value, cell):
                    fault(f'{sheet.title}!{cell.coordinate} ({name}): {cell.value!r} instead of {value!r}')
                if isinstance(value, str) and not re.match(r'\d{4}-\d\d-\d\d', value) and cell.data_type != 's':
                    fault(f'{sheet.title}!{cell.coordinate} ({name}): a text is of type {cell.data_type}')
            at += 1
            row += 1
        if again is not None:
            other = again[sheet.title]
            for cells in stored.iter_rows():
                for cell in cells:
                    mine, theirs = plain(cell.value), plain(other[cell.coordinate].value)
                    if isinstance(mine, Decimal) and isinstance(theirs, Decimal):
                        same = abs(mine - theirs) <= abs(mine) * Decimal('1e-12')
                    else:
                        same = (mine or '') == (theirs or '')
                    compared += 1
                    if not same:
                        fault(f'{sheet.title}!{cell.coordinate}: LibreOffice has {theirs!r} instead of {mine!r}')
    if at != len(rows):
        fault(f'{len(rows) - at} of {len(rows)} rows are missing')
    if again is not None and again.sheetnames != book.sheetnames:
        fault(f'LibreOffice has the sheets {again.sheetnames}')
    for line in faults[:20]:
        print(line)
    if faults:
        sys.exit(1)
    print(compared)


main()
