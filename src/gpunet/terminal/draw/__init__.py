"""What pictures are made of: charts, blocks, colors, digits and numbers in words."""
