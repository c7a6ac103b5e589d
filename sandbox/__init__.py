"""Stand-ins for what the product does not own, speaking the real protocols on real sockets."""
