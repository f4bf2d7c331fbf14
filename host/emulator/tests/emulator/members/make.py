"""Makes the files beside it, which no Rust library writes: pip install openpyxl odfpy xlwt.

members.xls   a hidden sheet first, then one with a title, mobile numbers and amounts as numbers, a date
members.ods   the same columns; a date, and a formula that was saved without its value
members.xlsb  the same columns, written record by record ([MS-XLSB]): two rows
openpyxl.xlsx formulas as openpyxl saves them: without a value
"""
import datetime
import struct
import zipfile

import openpyxl
import xlwt
from odf.opendocument import OpenDocumentSpreadsheet
from odf.table import Table, TableCell, TableRow
from odf.text import P

HEADER = ["شماره موبایل", "مبلغ (ریال)"]
ROWS = [[989120000040, 1500000], [9120000050, 700]]


def xls():
    book = xlwt.Workbook()
    hidden = book.add_sheet("old")
    hidden.visibility = 1
    for column, value in enumerate(HEADER):
        hidden.write(0, column, value)
    hidden.write(1, 0, 9120000040)
    hidden.write(1, 1, 1)
    sheet = book.add_sheet("members")
    sheet.write(0, 0, "فهرست اعضا")
    for row, values in enumerate([HEADER, *ROWS]):
        for column, value in enumerate(values):
            sheet.write(row + 2, column, value)
    style = xlwt.XFStyle()
    style.num_format_str = "YYYY/MM/DD"
    sheet.write(5, 0, 9120000040)
    sheet.write(5, 1, datetime.date(2020, 3, 20), style)
    book.active_sheet = 1
    book.save("members.xls")


def ods():
    document = OpenDocumentSpreadsheet()
    table = Table(name="members")

    def add(*cells):
        row = TableRow()
        for cell in cells:
            row.addElement(cell)
        table.addElement(row)

    def text(value):
        cell = TableCell(valuetype="string", stringvalue=value)
        cell.addElement(P(text=value))
        return cell

    def number(value):
        return TableCell(valuetype="float", value=value)

    add(*map(text, HEADER))
    for values in ROWS:
        add(*map(number, values))
    add(number(9120000040), TableCell(valuetype="date", datevalue="2020-03-20"))
    add(number(9120000040), TableCell(formula="of:=[.B2]*2"))
    document.spreadsheet.addElement(table)
    document.save("members.ods")


def xlsb():
    def record(kind, body=b""):
        number = bytes([kind]) if kind < 128 else bytes([kind & 127 | 128, kind >> 7])
        assert len(body) < 128
        return number + bytes([len(body)]) + body

    def text(value):
        return struct.pack("<I", len(value)) + value.encode("utf-16-le")

    workbook = record(131) + record(143)
    workbook += record(156, struct.pack("<II", 0, 1) + text("rId1") + text("members"))
    workbook += record(144) + record(132)
    rows = [[(6, text(value)) for value in HEADER]]
    rows += [[(5, struct.pack("<d", value)) for value in values] for values in ROWS]
    sheet = record(129) + record(148, struct.pack("<IIII", 0, len(rows) - 1, 0, 1)) + record(145)
    for row, cells in enumerate(rows):
        sheet += record(0, struct.pack("<IIHHBI", row, 0, 300, 0, 0, 0))
        for column, (kind, value) in enumerate(cells):
            sheet += record(kind, struct.pack("<II", column, 0) + value)
    sheet += record(146) + record(130)
    relation = (
        '<?xml version="1.0" encoding="UTF-8"?><Relationships xmlns="http://schemas.openxmlformats'
        '.org/package/2006/relationships"><Relationship Id="rId1" Target="worksheets/sheet1.bin" '
        'Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet"/>'
        "</Relationships>"
    )
    with zipfile.ZipFile("members.xlsb", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("xl/workbook.bin", workbook)
        archive.writestr("xl/_rels/workbook.bin.rels", relation)
        archive.writestr("xl/worksheets/sheet1.bin", sheet)


def xlsx():
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append(["userId", "factor", "amount"])
    sheet.append([40, 2, "=B2*1000"])
    book.save("openpyxl.xlsx")


xls()
ods()
xlsb()
xlsx()
