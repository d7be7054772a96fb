"""What people bring: radiographs, scores, boxes, ages; how it is checked and split."""
