"""How long content is kept, what keeps it longer, and how it ends."""
