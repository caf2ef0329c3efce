"""The FAST action tokenizer: chunks of normalised actions to a few discrete tokens, and back."""
