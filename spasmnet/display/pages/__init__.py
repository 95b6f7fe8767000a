"""The pages of results, by what they are about."""
