"""What people see in the terminal: the live dashboard, plain lines, pictures, charts, tables."""
