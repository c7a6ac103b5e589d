# The gateway and the bot; docs/containers.md says how to run it.
ARG PYTHON=3.11

FROM python:${PYTHON}-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
WORKDIR /source
RUN python -m venv /opt/abeyance
COPY requirements.txt .
RUN /opt/abeyance/bin/pip install --require-hashes --only-binary :all: --requirement requirements.txt
COPY pyproject.toml README.md LICENSE ./
COPY app app
COPY bot bot
COPY cli cli
COPY notary notary
COPY policies policies
COPY proxy proxy
COPY workstation workstation
RUN /opt/abeyance/bin/pip install --no-deps .
# Compiled here, since nothing can be kept at a start: all users may read it, none can change it.
RUN /opt/abeyance/bin/abeyance policy compile \
 && /opt/abeyance/bin/pip uninstall --yes setuptools pip

FROM python:${PYTHON}-slim-bookworm
RUN groupadd --gid 10001 abeyance \
 && useradd --uid 10001 --gid abeyance --no-create-home --home-dir /nonexistent abeyance \
 && install --directory --owner abeyance --group abeyance /var/lib/abeyance
COPY --from=build /opt/abeyance /opt/abeyance
ENV PATH=/opt/abeyance/bin:$PATH PYTHONUNBUFFERED=1 ABEYANCE_HOST=0.0.0.0
USER 10001:10001
# The gateway, and the bot where Slack calls it over HTTP.
EXPOSE 8470 8475
ENTRYPOINT ["abeyance"]
CMD ["gateway"]
