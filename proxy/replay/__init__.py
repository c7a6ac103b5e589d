"""The replay page: recorded sessions and conversations in a browser, for those who may see them."""
