"""A training that two processes share; test_whole_image_training runs it as a rule would."""

import sys
from pathlib import Path


def main(folder: Path) -> None:
    """Train until the time is over, which is after an epoch."""
    from sharpflow.workflow.job import job

    with job(folder / "log.txt"):
        import numpy as np
        import pandas as pd

        from sharpflow.imaging.shards import read_shards, write_shard
        from tests.unit import test_whole_image_training as module

        # Larger, since two radiographs of 32 pixels leave batch norms two values.
        images = np.repeat(np.repeat(module.IMAGES, 2, axis=1), 2, axis=2)
        write_shard(folder / "images.npy", images, pd.DataFrame({"image_id": range(len(images))}))
        stack, _ = read_shards([folder / "images.npy"])
        module.train(folder, images=stack, epochs=2, devices=2, time_budget=0.0)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
