"""National numbers: whether a check digit is right."""

from policies.checks.national.europe import EUROPE
from policies.checks.national.world import WORLD

CHECKS = EUROPE | WORLD
"""Names that a detector's `checks` may use."""
