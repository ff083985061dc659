"""The only place that lets a model execute anything."""
