"""What trainings share: epochs, batch norms, time limits."""
