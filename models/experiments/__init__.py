"""Questions put to the networks, each a command that writes its answer, whichever way it falls."""
