"""What proves the ledger: pure code, which needs neither the server's parts nor a network."""
