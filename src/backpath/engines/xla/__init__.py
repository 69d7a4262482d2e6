"""The XLA engine: programs as functions of JAX, for accelerators, several devices and several hosts.

Nothing here is imported before it is used, since JAX takes a second to import and need not be installed.
"""
