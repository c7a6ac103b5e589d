"""National numbers: whether a check digit is right."""

from policies.national.europe import EUROPE
from policies.national.world import WORLD

CHECKS = EUROPE | WORLD
"""Names that a detector's `checks` may use."""
