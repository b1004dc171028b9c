"""What is shown of results: tables, cards, showcases and endings."""
