"""What a result means for a person: the guidance of a model, the level of care, and the report on a case."""
