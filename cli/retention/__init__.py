"""Commands that say how long the record is kept, and end it."""
