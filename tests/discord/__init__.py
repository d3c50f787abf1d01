"""What people see and press, in a simulated Discord."""
