"""What scoring calls the files that it makes."""

SCORES, TOTALS, CHANGE, REFUSED = "scores.csv", "totals.csv", "change.csv", "refused.csv"
OVERLAYS, PAGES = "overlays", "pages"
