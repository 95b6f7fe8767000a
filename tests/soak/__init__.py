"""Soak runs: minutes or hours of random networks, files, interruptions, threads and kills, with new seeds."""
