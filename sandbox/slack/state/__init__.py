"""What a workspace is made of, and how it is kept."""
