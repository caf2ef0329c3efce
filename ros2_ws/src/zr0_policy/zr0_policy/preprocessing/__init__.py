"""From observations to model inputs, and from model outputs to actions."""
