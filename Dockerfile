# One image for every part of the service; docker-compose.yml chooses the command.
FROM python:3.13-slim AS build
WORKDIR /src
COPY pyproject.toml README.md LICENSE ./
COPY sipcheck sipcheck
COPY trunks trunks
COPY worker worker
COPY api api
COPY trunkd trunkd
RUN python -m venv /opt/trunkd && /opt/trunkd/bin/pip install --no-cache-dir '.[livekit]'

FROM python:3.13-slim
RUN useradd --system --create-home --home-dir /var/lib/trunkd trunkd
COPY --from=build /opt/trunkd /opt/trunkd
ENV PATH=/opt/trunkd/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    TRUNKS_HOST=0.0.0.0 \
    TRUNKS_DATA_DIR=/var/lib/trunkd/var
USER trunkd
WORKDIR /var/lib/trunkd
EXPOSE 8080
# trunkd ends cleanly on TERM within 10 s; compose waits longer than that before it kills.
STOPSIGNAL SIGTERM
CMD ["trunkd", "up"]
