"""What plus and times mean in a sum over paths: one file for each family of semirings."""
