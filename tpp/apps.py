from importlib import import_module

from django.apps import AppConfig


class TPPConfig(AppConfig):
    name = "tpp"

    def ready(self) -> None:
        import_module("tpp.start")  # registers its system check
