"""What is looked for: patterns, words, and the automata that follow them."""
