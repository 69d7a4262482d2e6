"""From a table and settings to a trained model in a run folder, and back."""
