"""The policy as a ROS 2 node. The only folder of this package that imports rclpy."""
