"""What a pattern cannot express about a match: check digits and randomness."""
