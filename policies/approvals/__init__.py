"""Who may decide on a hold, on what terms, and what comes of what they say. Pure."""
