"""Tool calls: their names and arguments, and what rules make of them."""
