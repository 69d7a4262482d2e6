"""What can be seen of a training without judging it."""
