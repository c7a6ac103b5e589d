"""Tool calls within an answer: cut out, and passed on, replaced or changed."""
