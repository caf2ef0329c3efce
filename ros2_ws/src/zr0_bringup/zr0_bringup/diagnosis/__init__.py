"""What `zr0 doctor` looks at, one subject per file. No ROS here."""
