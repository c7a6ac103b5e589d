"""Reading what is asked of a model."""
