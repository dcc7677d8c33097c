# Node 20 is past its end of life.
ARG NODE=22.20.0
# Pins the base image. A release is built with --build-arg DIGEST=@sha256:..., as `docker buildx imagetools inspect
# node:22.20.0-bookworm-slim` prints it; no digest stands here, since one that nobody renews keeps old holes open.
ARG DIGEST=
FROM node:${NODE}-bookworm-slim${DIGEST} AS build
ARG DIGEST
RUN if [ -z "$DIGEST" ]; then echo "The base image is not pinned to a digest. Release builds pass DIGEST=@sha256:..." >&2; \
 elif ! printf %s "$DIGEST" | grep -Eqx '@sha256:[0-9a-f]{64}'; then \
 echo "DIGEST must be @sha256: and 64 hexadecimal digits, or empty; it is $DIGEST" >&2; exit 1; fi
WORKDIR /src
COPY package.json package-lock.json .npmrc tsconfig.json tsconfig.build.json ./
RUN npm ci --ignore-scripts
COPY src src
RUN npm run build && npm prune --omit=dev --ignore-scripts \
 && find node_modules/@kubernetes/client-node/dist -name '*.d.ts' -delete \
 && find node_modules -name '*.map' -delete

FROM node:${NODE}-bookworm-slim${DIGEST}
# git and ssh: plan repositories are read with the git program; gnupg: signatures of commits and tags; tini: signals and zombies.
RUN apt-get update && apt-get install -y --no-install-recommends git openssh-client gnupg ca-certificates tini \
 && rm -rf /var/lib/apt/lists/*
# ssh refuses to run as a user that /etc/passwd does not know.
RUN groupadd --gid 65532 spiderplan \
 && useradd --uid 65532 --gid 65532 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin spiderplan
# What the image was built on, for scanners; an empty digest says that it was not pinned.
ARG NODE
ARG DIGEST
LABEL org.opencontainers.image.base.name="docker.io/library/node:${NODE}-bookworm-slim" \
 org.opencontainers.image.base.digest="${DIGEST#@}"
ENV NODE_ENV=production
# The root file system may be read-only; what programs keep at home is gone with the container.
ENV HOME=/tmp
WORKDIR /app
COPY --from=build /src/node_modules node_modules
COPY --from=build /src/dist dist
COPY package.json LICENSE ./
COPY schema schema
COPY examples examples
USER 65532:65532
EXPOSE 8080 8081
ENTRYPOINT ["tini", "--", "node", "/app/dist/cli/main.js"]
