"""Embodied chains of thought: what the vision-language model says about a task before it acts."""
