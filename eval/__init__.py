"""How good the answers are: question sets, runs and measures."""
