"""Looks for state holders on the lists that hostile state turns into an effect, by making them."""
