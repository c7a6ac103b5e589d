"""Reading and masking what a model answers."""
