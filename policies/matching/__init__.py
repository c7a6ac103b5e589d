"""Finding what rules look for in texts, and masking it."""
