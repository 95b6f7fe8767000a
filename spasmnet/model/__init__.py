"""What a network is: its variables, distributions, cited numbers and graph. Nothing here knows a clinic or a file."""
