"""What the `abeyance` command on a developer's machine asks the gateway."""
