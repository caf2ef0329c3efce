"""Motion laws: from rows of a chunk to samples that obey the limits."""
