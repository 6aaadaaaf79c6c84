"""How passages are found: the encoder, the vectors and the library on disk."""
