"""Every library that is guarded, for real: what an attack does without the guard, and what both do with it."""
