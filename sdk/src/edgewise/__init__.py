"""The Edgewise client."""
