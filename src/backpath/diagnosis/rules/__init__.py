"""What evidence suggests, and what would repair it."""
