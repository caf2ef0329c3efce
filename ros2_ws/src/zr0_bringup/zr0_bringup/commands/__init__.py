"""What each command of `./zr0` does in the prepared environment."""
