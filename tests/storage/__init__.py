"""What is kept, and how the database grows with the schema."""
