"""What MCP's messages say of tools, and of what a server asks its client."""
