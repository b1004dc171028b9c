"""What the terminal shows: dashboards, tables, charts, cards and endings."""
