"""Stories for properties: what may be told of some places, drawn at random, a module for each family of facts."""
