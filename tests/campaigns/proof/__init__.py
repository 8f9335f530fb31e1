"""Exhaustive exploration of the rule that ships: ``make proof``; read ``docs/proof.md`` first."""
