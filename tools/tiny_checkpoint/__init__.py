"""What makes and measures the tiny checkpoint: demonstrations, fitting, closed-loop measurement."""
