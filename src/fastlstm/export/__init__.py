"""Models for other systems."""
