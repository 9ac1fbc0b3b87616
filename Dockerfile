# Every image of the project. Targets: service (with SERVICE=auth-service, …), storefront, stranger (with
# FOLDER=apps/gift-ideas or packages/example-id), demo-accounts, demo, load, tools. Services run their TypeScript as it
# is, so only the page is built. The workspace's symlinks are kept, because Node.js strips no types inside node_modules.
FROM node:26-slim AS node
ENV NODE_ENV=production

# Only manifests go into this stage and the next, so a change of sources does not rebuild them.
FROM node AS pnpm
WORKDIR /app
COPY package.json ./
# The pnpm that package.json names. Node.js no longer includes corepack, and so brings no pnpm.
RUN npm install --global --no-fund --no-audit --no-update-notifier \
    "$(node --print 'require("./package.json").packageManager')"
COPY pnpm-workspace.yaml pnpm-lock.yaml ./

# The npm dependencies of one service.
FROM pnpm AS dependencies
COPY packages/auth-client/package.json packages/auth-client/
COPY packages/person/package.json packages/person/
COPY packages/service-kit/package.json packages/service-kit/
COPY packages/services/package.json packages/services/
ARG SERVICE
COPY apps/${SERVICE}/package.json apps/${SERVICE}/
# All services share one store, and one build uses it at a time, so that shared packages are downloaded once.
RUN --mount=type=cache,id=latchkey-pnpm-store,target=/pnpm/store,sharing=locked \
    CI=true pnpm install --prod --frozen-lockfile --store-dir=/pnpm/store --package-import-method=copy \
    --filter "@latchkey/${SERVICE}..."
# fastify is a peer dependency of auth-client. A production install does not link the fastify of the service to it.
RUN ln --symbolic --relative apps/${SERVICE}/node_modules/fastify packages/auth-client/node_modules/fastify

FROM node AS server
WORKDIR /app
# The default of 30 s between checks would make a chain of starts slow. The check is patient all the same, because an
# unhealthy container makes `up --wait` fail, and a machine with other work may take its time.
HEALTHCHECK --start-period=60s --start-interval=500ms --interval=5s --timeout=10s --retries=10 \
    CMD ["node", "--eval", "require('node:http').get({ port: process.env.PORT, path: '/ready' }, ({ statusCode }) => process.exit(statusCode === 200 ? 0 : 1)).on('error', () => process.exit(1))"]

FROM server AS service
ARG SERVICE
COPY --from=dependencies /app ./
COPY packages/auth-client/src packages/auth-client/src
COPY packages/person/src packages/person/src
COPY packages/service-kit/src packages/service-kit/src
COPY packages/services/src packages/services/src
COPY apps/${SERVICE} apps/${SERVICE}
# Node.js keeps the sources as it has compiled them, which saves a quarter of the work of each start.
ENV NODE_COMPILE_CACHE=/app/.compile-cache
RUN install --directory --owner=node --group=node ${NODE_COMPILE_CACHE}
WORKDIR /app/apps/${SERVICE}
USER node
RUN node --eval "import('./src/app.ts').then(() => require('node:module').flushCompileCache())"
CMD ["node", "--import", "@latchkey/service-kit/quick-start", "src/main.ts"]

# The page, as vite builds it.
FROM pnpm AS page
COPY packages/auth-browser/package.json packages/auth-browser/
COPY packages/auth-client/package.json packages/auth-client/
COPY packages/person/package.json packages/person/
COPY packages/service-kit/package.json packages/service-kit/
COPY packages/testing/package.json packages/testing/
COPY apps/storefront/package.json apps/storefront/
RUN --mount=type=cache,id=latchkey-pnpm-store,target=/pnpm/store,sharing=locked \
    CI=true NODE_ENV=development pnpm install --frozen-lockfile --store-dir=/pnpm/store \
    --package-import-method=copy --filter @latchkey/storefront
COPY packages/auth-browser/src packages/auth-browser/src
COPY packages/auth-client/src packages/auth-client/src
COPY tsconfig.base.json ./
COPY apps/storefront apps/storefront
WORKDIR /app/apps/storefront
RUN node_modules/.bin/vite build

FROM service AS storefront
COPY --from=page /app/apps/storefront/dist dist
USER root
RUN install --directory --owner=node --group=node /var/lib/latchkey
USER node
# The initial content of the volume: no accounts, until they are made.
COPY --chown=node:node <<EOF /var/lib/latchkey/demo-accounts.json
[]
EOF

# A program that imports nothing of ours: an application of a partner, or an identity provider to try things with.
FROM pnpm AS stranger-dependencies
ARG FOLDER
COPY ${FOLDER}/package.json ${FOLDER}/
RUN --mount=type=cache,id=latchkey-pnpm-store,target=/pnpm/store,sharing=locked \
    CI=true pnpm install --prod --frozen-lockfile --store-dir=/pnpm/store --package-import-method=copy \
    --filter "./${FOLDER}"

FROM server AS stranger
ARG FOLDER
COPY --from=stranger-dependencies /app ./
COPY ${FOLDER} ${FOLDER}
WORKDIR /app/${FOLDER}
USER node
CMD ["node", "src/main.ts"]

# auth-service's commands, and the accounts to try the system with. For one's own machine and nothing else.
FROM service AS demo-accounts
COPY packages/dev-stack/package.json /app/packages/dev-stack/
COPY packages/dev-stack/src /app/packages/dev-stack/src
COPY deploy/compose/package.json /app/deploy/compose/
COPY deploy/compose/src /app/deploy/compose/src
USER root
RUN mkdir -p /app/deploy/compose/node_modules/@latchkey /app/packages/dev-stack/node_modules/@latchkey \
    && ln -s ../../../../packages/dev-stack /app/deploy/compose/node_modules/@latchkey/dev-stack \
    && ln -s ../../../services /app/packages/dev-stack/node_modules/@latchkey/services \
    && install --directory --owner=node --group=node /var/lib/latchkey
USER node
HEALTHCHECK NONE
CMD ["node", "/app/deploy/compose/src/demo-accounts.ts"]

# The scripted demo, for a running system. Of auth-client it uses the proofs, which need no other package.
FROM node AS demo
WORKDIR /app
COPY packages/auth-client/package.json packages/auth-client/
COPY packages/auth-client/src packages/auth-client/src
COPY packages/dev-stack/package.json packages/dev-stack/
COPY packages/dev-stack/src packages/dev-stack/src
COPY packages/person packages/person
COPY packages/services packages/services
COPY packages/example-id/package.json packages/example-id/
COPY packages/example-id/src/people.ts packages/example-id/src/visit.ts packages/example-id/src/
COPY demo/package.json demo/
COPY demo/src demo/src
RUN mkdir -p demo/node_modules/@latchkey packages/dev-stack/node_modules/@latchkey \
        packages/person/node_modules/@latchkey \
    && ln -s ../../../auth-client packages/person/node_modules/@latchkey/auth-client \
    && ln -s ../../../packages/dev-stack ../../../packages/example-id ../../../packages/person ../../../packages/services \
        demo/node_modules/@latchkey/ \
    && ln -s ../../../services packages/dev-stack/node_modules/@latchkey/services
USER node
CMD ["node", "demo/src/main.ts"]

# The load tests, for a running system. The packages that start a system, or are compared with ours, are left out.
FROM pnpm AS load
COPY load/package.json load/
COPY packages/auth-client/package.json packages/auth-client/
COPY packages/dev-stack/package.json packages/dev-stack/
COPY packages/person packages/person
COPY packages/services packages/services
RUN --mount=type=cache,id=latchkey-pnpm-store,target=/pnpm/store,sharing=locked \
    CI=true pnpm install --prod --frozen-lockfile --store-dir=/pnpm/store --package-import-method=copy \
    --filter @latchkey/load --filter @latchkey/person
COPY packages/auth-client/src packages/auth-client/src
COPY load/src load/src
# A volume takes over the owner of the folder that it is first mounted on.
RUN install --directory --owner=node --group=node /reports
WORKDIR /reports
USER node
ENTRYPOINT ["node", "/app/load/src/main.ts"]

# The one-shot service that makes the secrets, the front, and observe: Node.js and our sources, no dependencies.
FROM node AS tools
WORKDIR /app/deploy/compose
COPY packages/service-kit/package.json /app/packages/service-kit/
COPY packages/service-kit/src/otlp.ts /app/packages/service-kit/src/
COPY packages/services /app/packages/services
RUN mkdir -p node_modules/@latchkey \
    && ln -s ../../../../packages/service-kit node_modules/@latchkey/service-kit \
    && ln -s ../../../../packages/services node_modules/@latchkey/services
# A volume takes over the owner of the folder that it is first mounted on.
RUN install --directory --owner=node --group=node --mode=755 \
    /secrets /secrets/all /secrets/gift-ideas /secrets/example-id /secrets/postgres /secrets/redis $(node --print \
    "Object.values(require('@latchkey/services').services).map(({ name }) => '/secrets/' + name).join(' ')")
COPY deploy/compose/package.json ./
COPY deploy/compose/src src
USER node
