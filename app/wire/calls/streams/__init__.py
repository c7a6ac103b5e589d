"""Tool calls in the streams of each API."""
