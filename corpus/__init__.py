"""What Massilia knows: articles, their sources, and the questions that test it."""
