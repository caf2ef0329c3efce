"""The xArm SDK adapter, motion limits, chunk player and controller node."""
