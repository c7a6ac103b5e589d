"""`abeyance key`: keys of the gateway, for tools that can hold nothing else."""
