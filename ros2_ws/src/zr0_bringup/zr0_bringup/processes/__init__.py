"""Start, watch and stop the nodes of a graph as processes."""
