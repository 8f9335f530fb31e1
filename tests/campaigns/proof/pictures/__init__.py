"""The drawings of the proof, as SVG."""
