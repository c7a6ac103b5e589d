"""What the record of a request is made of, and what is said of it later."""
