"""The ledger as a stream of events, for a SIEM."""
