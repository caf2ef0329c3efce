"""What the nodes of several packages share; the one place of this package that imports ROS."""
