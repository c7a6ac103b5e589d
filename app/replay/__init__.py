"""What pages, Slack and the terminal show of the record: found, read, told and exported."""
