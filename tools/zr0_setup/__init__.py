"""Set up what a fresh machine lacks. Standard library only: this runs before anything is installed."""
