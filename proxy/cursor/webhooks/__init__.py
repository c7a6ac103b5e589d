"""A client's webhook: the gateway stands between Cursor and the client's address."""
