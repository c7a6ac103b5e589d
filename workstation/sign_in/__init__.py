"""Signing in on a workstation, and tokens that renew themselves."""
