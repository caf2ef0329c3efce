"""The ZR-0 model, its preprocessing and checkpoints, and the policy node."""
