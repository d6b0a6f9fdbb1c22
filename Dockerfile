# The build stage has what builds; the image that runs has the packages alone, no pip, no root.
FROM python:3.11.14-slim-bookworm AS build

ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
WORKDIR /build
RUN python -m venv /opt/venv
COPY requirements-runtime.lock ./
RUN /opt/venv/bin/pip install --no-deps --require-hashes --requirement requirements-runtime.lock
COPY pyproject.toml README.md LICENSE ./
COPY agents agents
COPY domain domain
COPY schemas schemas
COPY streams streams
RUN /opt/venv/bin/pip install --no-deps --no-build-isolation . \
    && /opt/venv/bin/pip uninstall --yes setuptools pip

FROM python:3.11.14-slim-bookworm

ENV PATH=/opt/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    TOUCHLINE_LOG_FORMAT=json
RUN groupadd --system --gid 10001 touchline \
    && useradd --system --uid 10001 --gid touchline --create-home touchline \
    && install --directory --owner touchline --group touchline --mode 0700 /var/lib/touchline
COPY --from=build /opt/venv /opt/venv
USER touchline
WORKDIR /home/touchline

# The pages of a worker; inside a container they must be reachable from outside it. What `serve`
# keeps lies where a volume can be put; a volume takes over whose the directory is.
ENV TOUCHLINE_HTTP__HOST=0.0.0.0 TOUCHLINE_HTTP__PORT=9464 \
    TOUCHLINE_SERVE__DIRECTORY=/var/lib/touchline
EXPOSE 9464
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:9464/livez', timeout=4)"]

STOPSIGNAL SIGTERM
ENTRYPOINT ["touchline"]
CMD ["worker"]
