"""What each register does: one module per group of registers, each with a table of handlers."""
