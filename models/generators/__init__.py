"""One file a family: latent to picture."""
