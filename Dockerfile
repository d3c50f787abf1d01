# Two stages: one that has what building needs, and one that runs as a user who may write to /data alone.
FROM python:3.13-slim AS build
ENV PIP_DISABLE_PIP_VERSION_CHECK=1 PIP_NO_CACHE_DIR=1
RUN python -m venv /opt/venv
ENV PATH=/opt/venv/bin:$PATH
WORKDIR /src
# What changes seldom comes first: a new line of code installs no package again.
COPY requirements.txt ./
RUN pip install --require-hashes --requirement requirements.txt
COPY pyproject.toml README.md LICENSE NOTICE.md ./
COPY storage storage
COPY core core
COPY bot bot
# Beside the packages, not among them: so the layer that changes with each version is the small one.
RUN python -m hatchling build -t wheel -d /wheels \
    && pip install --no-index --no-deps --target /opt/vibesmith /wheels/*.whl

FROM python:3.13-slim
# onnxruntime reports to its makers unless told not to before it is loaded.
ENV PATH=/opt/vibesmith/bin:/opt/venv/bin:$PATH \
    PYTHONPATH=/opt/vibesmith \
    PYTHONDONTWRITEBYTECODE=1 \
    ORT_DISABLE_TELEMETRY=1 \
    VIBESMITH_HOME=/data
RUN useradd --uid 10001 --no-create-home --shell /usr/sbin/nologin vibesmith \
    && install --directory --owner vibesmith --group vibesmith --mode 700 /data
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/vibesmith /opt/vibesmith
USER vibesmith
WORKDIR /data
VOLUME /data
# The first start builds the index.
HEALTHCHECK --interval=5m --timeout=60s --start-period=3m CMD ["vibesmith", "doctor"]
CMD ["vibesmith", "run"]
