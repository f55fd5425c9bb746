# syntax=docker/dockerfile:1
#
#   docker build --target api         -t layersense-api .
#   docker build --target worker      -t layersense-worker .        # and the command `layersense`
#   docker build --target worker-cuda -t layersense-worker-cuda .   # linux/amd64, driver 580 or newer
#
# What each image holds is laid out by tools/build/assemble-app.ts, which the tests start API and worker
# from. --build-arg VERSION=… REVISION=… fill in the labels.

ARG NODE_IMAGE=node:24.21.0-bookworm-slim
ARG CUDA_IMAGE=nvidia/cuda:13.0.3-cudnn-runtime-ubuntu24.04
ARG VERSION=0.2.0
ARG REVISION=unknown

# Everything that `npm ci` installs runs no script of its own here: package.json allows only the
# bundled PostgreSQL one, and no image holds that.
FROM ${NODE_IMAGE} AS build
WORKDIR /src
COPY package.json package-lock.json .npmrc ./
COPY apps/api/package.json apps/api/
COPY apps/cli/package.json apps/cli/
COPY apps/worker/package.json apps/worker/
COPY packages/autodiff/package.json packages/autodiff/
COPY packages/calibration/package.json packages/calibration/
COPY packages/client/package.json packages/client/
COPY packages/contracts/package.json packages/contracts/
COPY packages/database/package.json packages/database/
COPY packages/formats/package.json packages/formats/
COPY packages/model-source/package.json packages/model-source/
COPY packages/models/package.json packages/models/
COPY packages/onnx-ir/package.json packages/onnx-ir/
COPY packages/queue/package.json packages/queue/
COPY packages/report-formats/package.json packages/report-formats/
COPY packages/runs/package.json packages/runs/
COPY packages/runtime/package.json packages/runtime/
COPY packages/scoring/package.json packages/scoring/
COPY packages/sensitivity/package.json packages/sensitivity/
COPY packages/statistics/package.json packages/statistics/
COPY packages/telemetry/package.json packages/telemetry/
COPY packages/testing/package.json packages/testing/
RUN --mount=type=cache,target=/root/.npm npm ci --ignore-scripts
COPY LICENSE tsconfig.json tsconfig.base.json prisma7.config.ts ./
COPY prisma prisma
COPY tools tools
COPY packages packages
COPY apps apps
RUN npm run build
RUN node tools/dist/build/assemble-app.js /out/api apps/api \
 && node tools/dist/build/assemble-app.js /out/worker apps/worker apps/cli

# tini reaps what is orphaned and passes SIGTERM on even while Node.js has no handler for it yet.
FROM ${NODE_IMAGE} AS runtime
RUN apt-get update \
 && apt-get install -y --no-install-recommends tini \
 && rm -rf /var/lib/apt/lists/* /opt/yarn-* /usr/local/lib/node_modules \
      /usr/local/bin/corepack /usr/local/bin/npm /usr/local/bin/npx /usr/local/bin/yarn* \
 && groupadd --gid 10001 layersense \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin layersense \
 && install -d -o 10001 -g 10001 /cache /data
ENV NODE_ENV=production
WORKDIR /app
ENTRYPOINT ["/usr/bin/tini", "--"]

FROM runtime AS api
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="layersense API" \
      org.opencontainers.image.description="Which layers of a neural network can be quantised: the HTTP API" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /out/api ./
# AUTH=required: it starts before there is a key, and lets nobody in until there is one.
ENV HOST=0.0.0.0 PORT=8080 AUTH=required
EXPOSE 8080
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
USER 10001:10001
CMD ["node", "apps/api/dist/server.js"]

FROM runtime AS worker
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="layersense worker" \
      org.opencontainers.image.description="Which layers of a neural network can be quantised: the worker, on CPUs, and the command layersense" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /out/worker ./
RUN ln -s /app/apps/cli/bin/layersense.js /usr/local/bin/layersense
ENV HF_HOME=/cache/huggingface HEALTH_HOST=0.0.0.0 HEALTH_PORT=9464
EXPOSE 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=30s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HEALTH_PORT}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
USER 10001:10001
CMD ["node", "apps/worker/dist/main.js"]

# The CUDA provider of the very same version as the onnxruntime-node in package-lock.json (a test
# compares the two), from the release of ONNX Runtime on GitHub. The sum is the one that GitHub
# shows for this file; the build ends here where the download has another.
FROM ${NODE_IMAGE} AS cuda-provider
ARG ORT_VERSION=1.30.0
ARG ORT_CUDA_SHA256=382d79133112388cf94ce5855789b7c9bef12bef76a08b6b277e5a317213adcd
ADD --checksum=sha256:${ORT_CUDA_SHA256} \
  https://github.com/microsoft/onnxruntime/releases/download/v${ORT_VERSION}/onnxruntime-linux-x64-gpu_cuda13-${ORT_VERSION}.tgz \
  /onnxruntime.tgz
RUN tar -xzf /onnxruntime.tgz -C /tmp && mkdir /provider \
 && cp /tmp/onnxruntime-*/lib/libonnxruntime_providers_cuda.so \
      /tmp/onnxruntime-*/lib/libonnxruntime_providers_shared.so /provider/

FROM ${CUDA_IMAGE} AS worker-cuda
ARG VERSION
ARG REVISION
LABEL org.opencontainers.image.title="layersense worker for CUDA" \
      org.opencontainers.image.description="Which layers of a neural network can be quantised: the worker, on NVIDIA GPUs" \
      org.opencontainers.image.licenses="MIT" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=runtime /usr/local/bin/node /usr/local/bin/node
COPY --from=runtime /usr/bin/tini-static /usr/bin/tini
RUN groupadd --gid 10001 layersense \
 && useradd --uid 10001 --gid 10001 --no-create-home --home-dir /tmp --shell /usr/sbin/nologin layersense \
 && install -d -o 10001 -g 10001 /cache /data \
 && ln -s /app/apps/cli/bin/layersense.js /usr/local/bin/layersense
WORKDIR /app
COPY --from=build /out/worker ./
COPY --from=cuda-provider /provider/ node_modules/onnxruntime-node/bin/napi-v6/linux/x64/
# TF32 would make float32 products wrong in the third digit. The worker sets the same for its
# compute process; here it also holds for what is run by hand.
ENV NODE_ENV=production NVIDIA_TF32_OVERRIDE=0 \
    HF_HOME=/cache/huggingface HEALTH_HOST=0.0.0.0 HEALTH_PORT=9464
EXPOSE 9464
HEALTHCHECK --interval=10s --timeout=5s --start-period=60s \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.HEALTH_PORT}/healthz`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
USER 10001:10001
ENTRYPOINT ["/usr/bin/tini", "--"]
CMD ["node", "apps/worker/dist/main.js"]
