"""`/replay`: sessions as auditors see them in Slack. Pure."""
