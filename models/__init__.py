"""Networks, latent tools, training and evaluation: torch only, knows nothing of the page."""
