"""What every process needs: settings, clock, files, workers, health, logs and metrics."""
