"""Exhaustive exploration of the rule that ships: ``python -m tests.proof``; read ``docs/proof.md`` first."""
