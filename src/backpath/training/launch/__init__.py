"""Processes of one training on this host: started, watched, ended, and started again."""
