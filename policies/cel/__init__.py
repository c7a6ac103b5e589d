"""Conditions of rules that are written in CEL."""
