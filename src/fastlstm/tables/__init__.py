"""Data files as tables of named columns, and as records of inputs and outputs."""

from fastlstm.tables.base import Frame, Table
from fastlstm.tables.files import open_table, read_table, write_table
from fastlstm.tables.records import NamedRecords, read_records

__all__ = [
    "Frame",
    "NamedRecords",
    "Table",
    "open_table",
    "read_records",
    "read_table",
    "write_table",
]
