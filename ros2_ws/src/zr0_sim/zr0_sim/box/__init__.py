"""The xArm control box: a TCP server that speaks the arm's own protocol in front of a simulated arm."""
