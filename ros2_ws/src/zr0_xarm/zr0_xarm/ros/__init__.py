"""The controller as a ROS 2 node."""
