"""`POST /-/evaluate`: an agent's own hooks ask before the agent does something."""
