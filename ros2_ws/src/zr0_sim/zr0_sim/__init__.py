"""A MuJoCo table-top world and the xArm control box as a server that speaks the arm's TCP protocol."""
