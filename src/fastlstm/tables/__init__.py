"""Data files as tables of named columns, and as records of inputs and outputs."""

from fastlstm.signals import Signals as Frame
from fastlstm.tables.base import Table
from fastlstm.tables.files import open_table, read_table, write_table
from fastlstm.tables.iddata import read_iddata
from fastlstm.tables.named import NamedRecords
from fastlstm.tables.records import read_records

__all__ = [
    "Frame",
    "NamedRecords",
    "Table",
    "open_table",
    "read_iddata",
    "read_records",
    "read_table",
    "write_table",
]
