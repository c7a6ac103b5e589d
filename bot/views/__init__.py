"""What people see in Slack. Pure."""
