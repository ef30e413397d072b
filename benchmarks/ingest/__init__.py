"""How fast events come in, side by side with what could be done instead."""
