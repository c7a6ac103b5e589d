"""A line in the answer that says what a held request is waiting for, where a client shows it."""
