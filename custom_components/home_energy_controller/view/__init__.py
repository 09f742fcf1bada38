"""What a cycle publishes: to entities, to the log and to repairs."""
