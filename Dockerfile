# One image for all commands: the Procfile's three apart, or `gardener up` for all of them at once.
FROM python:3.13-slim AS build
WORKDIR /build
RUN python -m venv /opt/gardener
ENV PATH=/opt/gardener/bin:$PATH PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
# The packages first: this layer changes only with the lock.
COPY requirements.lock .
RUN pip install --require-hashes -r requirements.lock
COPY pyproject.toml LICENSE ./
COPY bot bot
COPY handlers handlers
COPY blocks blocks
COPY playground playground
RUN pip install --no-deps --no-build-isolation .

FROM python:3.13-slim
RUN useradd --create-home --uid 10001 gardener \
    && install -d -o gardener -g gardener /srv/gardener /var/lib/gardener
COPY --from=build /opt/gardener /opt/gardener
# GARDENER_STATE holds the embedded Valkey's data where no REDIS_URL is set: mount a volume there.
ENV PATH=/opt/gardener/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    MPLCONFIGDIR=/tmp/matplotlib \
    GARDENER_STATE=/var/lib/gardener \
    PORT=8080
WORKDIR /srv/gardener
# The example; mount your own over it, or say where it is in GARDENER_CONFIG.
COPY gardener.toml .
USER gardener
VOLUME /var/lib/gardener
EXPOSE 8080
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 CMD ["python", "-c", "\
import os, urllib.request; \
urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"PORT\"]}/healthz', timeout=4)"]
CMD ["gardener", "up"]
