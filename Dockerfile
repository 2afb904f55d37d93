# Two images: `--target operator` and `--target runner`.
#
# Everywhere:  docker build --target runner .
# Offline:     buildah build --build-arg BASE=… --build-context helm=DIR --build-context wheels=DIR --target operator .
#              where the folders hold what the stages of these names would: `helm` and `warm-helm`; one wheel per locked
#              package. No RUN step of the targets then asks the network for anything.

# Python 3.11 or newer, on Debian; what Debian packages the base already has are not installed again.
ARG BASE=docker.io/library/python:3.11-slim-bookworm
ARG GO=docker.io/library/golang:1.26-bookworm

# ---- the user of both images, by name too: ssh refuses to start for a user that has none
FROM ${BASE} AS nonroot
RUN echo 'inspect:x:65532:65532:inspect-operator:/tmp:/bin/bash' >> /etc/passwd && echo 'inspect:x:65532:' >> /etc/group

# ---- helm and warm helm, compiled from the versions and checksums that helm/ pins; helm has to know its own version,
# pyhelm3 refuses it otherwise
FROM ${GO} AS helm-build
WORKDIR /source
COPY helm/ ./
RUN version="$(go list -m -f '{{.Version}}' helm.sh/helm/v4)" \
    && CGO_ENABLED=0 go build -o /out/ -trimpath \
        -ldflags "-s -w -X helm.sh/helm/v4/internal/version.version=${version}" helm.sh/helm/v4/cmd/helm .

FROM scratch AS helm
COPY --from=helm-build /out/helm /out/warm-helm /

# ---- wheels of what requirements.lock names, and of what builds our own wheel
FROM ${BASE} AS wheels-download
COPY requirements.lock pyproject.toml /source/
RUN python3 -m venv /pip \
    && /pip/bin/pip download --dest /wheels --require-hashes --requirement /source/requirements.lock \
    && python3 -c 'import tomllib; print(*tomllib.load(open("/source/pyproject.toml", "rb"))["build-system"]["requires"])' \
    | xargs /pip/bin/pip download --dest /wheels

FROM scratch AS wheels
COPY --from=wheels-download /wheels/ /

# ---- the operator's virtual environment, filled from outside so that pip stays out of the image
FROM ${BASE} AS operator-build
RUN python3 -m venv /pip && python3 -m venv --without-pip /opt/inspect-operator
COPY requirements.lock /source/
RUN --mount=type=bind,from=wheels,target=/wheels \
    /pip/bin/pip --python /opt/inspect-operator/bin/python install --no-index --find-links /wheels \
    --require-hashes --requirement /source/requirements.lock
COPY LICENSE README.md pyproject.toml watches.yaml /source/
COPY charts /source/charts
COPY checks /source/checks
COPY crds /source/crds
COPY templates /source/templates
COPY operator /source/operator
RUN --mount=type=bind,from=wheels,target=/wheels \
    /pip/bin/pip --python /opt/inspect-operator/bin/python install --no-index --find-links /wheels --no-deps /source

FROM nonroot AS operator
COPY --from=helm --chmod=755 helm warm-helm /usr/local/bin/
COPY --from=operator-build /opt/inspect-operator /opt/inspect-operator
# The root file system may be read-only: all that is written, helm's caches included, goes below /tmp.
ENV PATH=/opt/inspect-operator/bin:/usr/local/bin:/usr/bin:/bin \
    HOME=/tmp \
    LANG=C.UTF-8 \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1
WORKDIR /tmp
USER 65532:65532
ENTRYPOINT ["python", "-m", "inspect_operator"]

# ---- paramiko and what it needs, for the runner alone: in a folder that no script's Python looks into
FROM ${BASE} AS runner-packages
COPY requirements.lock /source/
# A package that paramiko comes to need and that is not named here fails the build: pip then lacks its hash.
RUN --mount=type=bind,from=wheels,target=/wheels \
    awk '/^[a-z]/ { split($1, pin, "=="); wanted = index(" " names " ", " " pin[1] " ") } wanted' \
        names="bcrypt cffi cryptography invoke paramiko pycparser pynacl typing-extensions" /source/requirements.lock \
        > /source/paramiko.lock \
    && python3 -m venv /pip \
    && /pip/bin/pip install --no-index --find-links /wheels --no-compile --target /packages \
        --require-hashes --requirement /source/paramiko.lock \
    && rm -rf /packages/bin

# ---- what runs scripts: the tools that scripts may count on, and the runner
FROM nonroot AS runner
RUN for tool in bash bc ps ssh lscpu python3 sha256sum; do command -v "$tool" > /dev/null || missing=1; done; \
    if [ -n "${missing:-}" ]; then \
        apt-get update \
        && apt-get install -y --no-install-recommends bash bc coreutils openssh-client procps python3 util-linux \
        && rm -rf /var/lib/apt/lists/*; \
    fi
COPY --from=runner-packages /packages /opt/inspect-runner/lib-python
COPY operator/inspect_operator/__init__.py /opt/inspect-runner/inspect_operator/
COPY operator/inspect_operator/runner /opt/inspect-runner/inspect_operator/runner
# A checkout may have been made with any umask; the runner is read by another user.
RUN chmod -R a+rX /opt/inspect-runner && python3 -m compileall -q /opt/inspect-runner \
    && ln -s /opt/inspect-runner/inspect_operator/runner/inspect-runner /usr/local/bin/inspect-runner
# PYTHONPATH is for scripts: a small library for checks. The runner itself ignores it.
ENV HOME=/tmp \
    LANG=C.UTF-8 \
    PYTHONPATH=/opt/inspect-runner/inspect_operator/runner/lib
WORKDIR /tmp
USER 65532:65532
ENTRYPOINT ["inspect-runner"]
