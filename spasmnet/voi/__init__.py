"""What to ask next, when to stop, and the interview that is built on both."""
