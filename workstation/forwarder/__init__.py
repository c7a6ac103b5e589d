"""A server on this machine alone: it forwards a tool's requests to the gateway, with a token.

The tool knows the address of the forwarder and a key that is good there and nowhere else. The
person's token stays with the forwarder, which renews it in the middle of a task.
"""
