"""Directions in w."""

from models.directions.find import AXIS, FACTOR, find_directions, scaled

__all__ = ["AXIS", "FACTOR", "find_directions", "scaled"]
