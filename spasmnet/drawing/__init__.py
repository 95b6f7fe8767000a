"""Pictures of networks as SVG, laid out without a system binary: layout, text, boxes, and what a notebook shows."""
