"""What people do in Slack: commands, clicks and forms."""
