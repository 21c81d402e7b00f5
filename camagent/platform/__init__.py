"""The machine: its clock, and what differs between Linux and Windows: one function, one name, two ways.

Nothing else asks which system this is.

Each module offers the same names on both systems. `windows_*` modules load only on Windows.
"""
