"""The networks of a bundle, each loaded once."""

from concurrent.futures import ThreadPoolExecutor

from sharpflow.bundle.read import AGAIN, Bundle
from sharpflow.bundle.session import Network
from sharpflow.errors import UserError

Networks = dict[str, Network]


def load_networks(bundle: Bundle, *, threads: int) -> Networks:
    """All networks of a bundle by name, as "unet-hand", ready to run.

    Args:
        bundle: open; it is read through and checked.
        threads: of the processor, for each network; one runs at a time.

    Raises:
        UserError: the bundle is damaged, or no bundle of this project.
    """

    def load(name: str, model: bytes) -> Network:
        try:
            return Network(model, threads, name)
        except ValueError as error:
            raise UserError(
                f"{bundle.path}, network {name}: found one that onnxruntime does not take "
                f"({error}); expected a network of this project. {AGAIN}"
            ) from None

    # Each file is read by this thread and let go when it is loaded.
    with ThreadPoolExecutor(max(1, threads)) as pool:
        loading = {name: pool.submit(load, name, bundle.network(name)) for name in bundle.networks}
        return {name: future.result() for name, future in loading.items()}
