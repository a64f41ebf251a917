"""snorkel_dsl: rules in, training labels out."""
