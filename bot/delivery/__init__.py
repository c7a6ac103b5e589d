"""What must be posted, once and in order."""
