"""Tool calls in an answer: decided on before a client can run them."""
