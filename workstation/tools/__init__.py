"""One file for each tool: what it needs to send its requests through Abeyance."""
