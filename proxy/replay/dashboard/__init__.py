"""The dashboard: what the newest sessions say together, as charts and tables."""
