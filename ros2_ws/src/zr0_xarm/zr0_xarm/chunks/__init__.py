"""Action chunks: what is refused, and how an accepted one is played."""
