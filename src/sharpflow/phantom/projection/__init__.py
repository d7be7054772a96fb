"""From a limb in millimetres to a radiograph."""
