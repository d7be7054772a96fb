"""Images packed once, split, augmented and read in batches."""
