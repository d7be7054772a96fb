"""What only the workflow needs: settings, jobs, digests, provenance, model cards."""
