"""A flow as a picture: SVG and Mermaid."""
