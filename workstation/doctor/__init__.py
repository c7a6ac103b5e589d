"""`abeyance doctor --workstation`: which tools of this machine are covered, and why others are not.

One file for each tool. It reads the tool's own files and this process's environment, so it sees
what the tool would see if it were started from the same shell.
"""
