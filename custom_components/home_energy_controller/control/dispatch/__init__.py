"""Who does what: from a snapshot to a decision."""
