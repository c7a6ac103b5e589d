"""Changing the configuration of other programs, so that each change can be seen and undone.

A change is made in the text of a file and not by writing its parsed form anew, so comments, order
and layout stay. What cannot be parsed is left alone. Undo puts back the bytes that were there.
"""
