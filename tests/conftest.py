"""Fixtures of all tests that start nodes or control boxes."""

pytest_plugins = ["zr0_test_support.fixtures"]
