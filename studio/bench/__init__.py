"""What is measured, as commands that print a table and write JSON: `python -m studio.bench live|start`."""
