"""A house that answers: fake batteries over real UDP, a fake P1 over real HTTP, and the plant that closes the loop."""
