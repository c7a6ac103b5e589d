"""What runs where developers work. It imports nothing of the server."""
