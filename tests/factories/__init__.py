"""What tests build Kino's world from."""
