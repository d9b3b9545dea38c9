"""The store on both engines."""

from tests.trunks.forms import make_store, store, store_settings, without_settings

__all__ = ["make_store", "store", "store_settings", "without_settings"]
