"""Beside the extensions that sites have: each runs with the snippet of docs/beside.md."""
