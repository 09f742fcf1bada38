"""Home Energy Controller: several Marstek Venus home batteries run as one."""
