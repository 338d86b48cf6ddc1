"""Picture to picture: one file a family, its Config above its network; each registers itself."""
