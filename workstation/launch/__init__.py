"""Running a tool in the foreground, beside the forwarder of its requests."""
