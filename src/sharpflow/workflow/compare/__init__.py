"""Two runs beside each other: which tables differ, by how much, and what was different."""
