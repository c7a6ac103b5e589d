"""What is in progress in a text that comes in pieces."""
