"""What a connection lets an MCP server offer and ask."""
