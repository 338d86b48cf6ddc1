"""Training: data, objectives, presets and the one loop."""
