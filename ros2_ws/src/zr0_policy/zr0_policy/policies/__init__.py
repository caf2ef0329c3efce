"""The policies of this package."""
