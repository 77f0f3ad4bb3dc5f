"""Small values without rules of the product: ids, regions, address ranges, placeholders."""
