"""Tool calls in the answers of each API that come as one JSON document."""
