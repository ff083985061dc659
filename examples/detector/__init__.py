"""A small object detector of somebody's own: importable here, and vouched for by nobody."""
