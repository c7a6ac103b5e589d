"""The file format of a catalog: its fields, and its faults with file, line and field."""
