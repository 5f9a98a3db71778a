# The image of the service: the engine's wheel is built in a stage of its own, so that no compiler is in the result.
# `make image-test` builds it and runs what comes out, read-only and as the user below.
ARG PYTHON=3.11.14-slim-bookworm

FROM python:${PYTHON} AS builder
RUN apt-get update \
 && apt-get install -y --no-install-recommends gcc libc6-dev \
 && rm -rf /var/lib/apt/lists/*
WORKDIR /build
RUN python -m venv /opt/ladders
COPY requirements/build.txt requirements/run.txt requirements/
RUN /opt/ladders/bin/pip install --no-cache-dir --require-hashes -r requirements/build.txt \
 && /opt/ladders/bin/pip install --no-cache-dir --no-build-isolation --no-compile --require-hashes -r requirements/run.txt
COPY pyproject.toml README.md ./
COPY requirements/run.in requirements/
COPY service service
RUN /opt/ladders/bin/pip install --no-cache-dir --no-build-isolation --no-compile --no-deps . \
 && /opt/ladders/bin/pip uninstall -y pip setuptools \
 && /opt/ladders/bin/python -m compileall -q -j 0 --invalidation-mode unchecked-hash /opt/ladders/lib

FROM python:${PYTHON}
RUN groupadd --gid 10001 ladders \
 && useradd --uid 10001 --gid ladders --no-create-home --home-dir /var/lib/ladders --shell /usr/sbin/nologin ladders \
 && install -d -o ladders -g ladders -m 0700 /var/lib/ladders /var/lib/ladders-anchor
COPY --from=builder /opt/ladders /opt/ladders
COPY policies /etc/ladders/policies
ENV PATH=/opt/ladders/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    LADDERS_POLICIES=/etc/ladders/policies \
    LADDERS_LOG=/var/lib/ladders/verdicts.db
USER 10001:10001
WORKDIR /var/lib/ladders
VOLUME /var/lib/ladders
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=15s CMD ["ladders", "health"]
ENTRYPOINT ["ladders"]
CMD ["serve"]
