"""The web server's door."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "tpp.settings")

site = get_wsgi_application()

from tpp.start import Guarded  # noqa: E402 (Django is set up by now)

application = Guarded(site)
