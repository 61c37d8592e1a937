"""The main job, end to end, on a built-in world or on a real data set."""
