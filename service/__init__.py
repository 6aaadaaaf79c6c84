"""How questions are answered: quotes, citations, abstention, and the ways to ask."""
