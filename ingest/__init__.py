"""How a document becomes an article, and an article sentences and passages."""
