"""Making it true: from a decision to commands."""
