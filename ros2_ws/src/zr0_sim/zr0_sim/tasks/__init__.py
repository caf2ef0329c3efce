"""What can be asked of the simulated robot, and how progress is judged."""
