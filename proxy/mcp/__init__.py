"""MCP servers behind the gateway: which tools they offer, and what they may ask."""
