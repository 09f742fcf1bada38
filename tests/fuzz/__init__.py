"""Damaged input in bulk: nothing but our own errors comes out, nothing piles up, and the next question is answered."""
