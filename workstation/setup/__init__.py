"""What each tool has to have in its own files to use the gateway for good.

One file for each tool: its configuration on one machine, the managed files for all machines of a
company, and what on a machine keeps it from being covered.
"""
