"""What one run of the simulation records, shows and leaves behind. No ROS here."""
