"""What HTTP leaves open and clients do in many ways: tokens, headers, encodings, ids."""
