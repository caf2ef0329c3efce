"""Nodes and clients of the bring-up: the only part that imports ROS."""
