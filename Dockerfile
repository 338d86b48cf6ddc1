# Latent Atelier with its generators inside. docs/hosting.md says how it is built and run.
#   docker build -t latent-atelier .                            draws on processors
#   docker build -t latent-atelier --build-arg WHEELS=cu130 .   draws on an NVIDIA card (docker run --gpus all)
FROM python:3.11-slim

# cpu, or a CUDA version as download.pytorch.org/whl names it.
ARG WHEELS=cpu

ENV PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /app

# What changes seldom comes first, so that a change of the studio installs nothing anew.
COPY requirements.txt ./
RUN pip install --no-cache-dir --extra-index-url https://download.pytorch.org/whl/${WHEELS} -r requirements.txt

COPY app.py ./
COPY models models
COPY studio studio
COPY checkpoints checkpoints

# It writes to /data and nowhere else.
RUN useradd --uid 1000 --no-create-home --home-dir /data atelier && mkdir /data && chown atelier /data
USER atelier
ENV HOME=/data HOST=0.0.0.0 PORT=7860
VOLUME /data
EXPOSE 7860

HEALTHCHECK --interval=30s --timeout=5s --start-period=120s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen('http://127.0.0.1:' + os.environ['PORT'] + '/healthz', timeout=4)"]

CMD ["python", "app.py", "--profile", "spaces", "--folder", "/data/gallery"]
