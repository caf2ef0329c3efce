"""Running a policy on live inputs, without ROS."""
