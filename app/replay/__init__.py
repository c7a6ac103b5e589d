"""What pages, Slack and the terminal show of the record: found, told and exported. Pure."""
