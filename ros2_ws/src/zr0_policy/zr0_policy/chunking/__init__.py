"""Chunking strategies: when to infer, what the answer shall continue, and what is published of it."""
