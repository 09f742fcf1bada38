"""Home Energy Controller: several Marstek Venus batteries run as one."""
