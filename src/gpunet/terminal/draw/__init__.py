"""Building blocks of the screens: charts, text blocks, colors, images and number formats."""
