"""A witness of other ledgers: it signs their heads, one after the other, and no second history."""
