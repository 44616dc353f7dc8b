# One image for web, workers and beat; docker-compose.yml says what each runs.
FROM python:3.13-slim

ENV PYTHONUNBUFFERED=1 PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_ROOT_USER_ACTION=ignore
WORKDIR /app
COPY requirements/server.lock requirements/
RUN pip install --only-binary :all: --require-hashes -r requirements/server.lock

COPY . .
# Collecting static files reads the settings; nothing of this stays in the image.
RUN TPP_SECRET_KEY=build TPP_RECEIPT_KEY=$(printf '%064d' 0) TPP_DEPLOYMENT_ID=0x$(printf '%064d' 0) \
    TPP_SITE_URL=http://localhost DATABASE_URL=postgresql://build@localhost/build REDIS_URL=redis://localhost \
    python manage.py collectstatic --no-input

RUN useradd --system --no-create-home tpp
USER tpp
EXPOSE 8000
CMD ["granian", "--interface", "wsgi", "--host", "0.0.0.0", "--port", "8000", "--workers", "2", "--blocking-threads", "4", "tpp.wsgi:application"]
