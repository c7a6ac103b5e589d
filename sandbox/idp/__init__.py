"""An identity provider with two issuers: one for people, one for CI jobs."""
