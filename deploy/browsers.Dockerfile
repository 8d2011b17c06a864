# The browsers alone, for `image` in [browser]: tests and code stay on your machine, and
# the pictures are the same on every machine that uses this image.
#   docker build -t registry.example.org/browsers -f deploy/browsers.Dockerfile deploy
#   docker push registry.example.org/browsers     # prints the digest for the manifest
FROM debian:trixie-slim

RUN apt-get update \
    && apt-get install --yes --no-install-recommends \
        chromium chromium-headless-shell chromium-driver \
        fontconfig fonts-liberation fonts-noto-color-emoji fonts-noto-cjk \
    && rm -rf /var/lib/apt/lists/*

# Chromium runs without privileges.
RUN useradd --create-home browser
USER browser
