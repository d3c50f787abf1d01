"""Cards and buttons, and the rules by which interactions are answered."""
