# The same Node as "node" in package.json.
ARG NODE_IMAGE=node:24.21-slim

# Install scripts are left out: what has to be compiled (bcrypt) comes built, and the `node` package would download a Node.
FROM ${NODE_IMAGE} AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY console/package.json console/
COPY packages/verify/package.json packages/verify/
COPY packages/client/package.json packages/client/
RUN npm ci --ignore-scripts
COPY tsconfig.json nest-cli.json .swcrc ./
COPY src src
COPY migrations migrations
COPY scripts scripts
COPY console console
RUN npm run build

FROM ${NODE_IMAGE} AS dependencies
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# A third of it is for debuggers and compilers. (npm keeps TypeScript, which nobody has to have, since it is in the lockfile.)
RUN npm ci --ignore-scripts --omit=dev --workspaces=false \
  && find node_modules -type f '(' -name '*.map' -o -name '*.d.ts' ')' -delete \
  && rm -r node_modules/typescript node_modules/.bin/tsc node_modules/.bin/tsserver

# `docker compose run --rm tests`: with its own PostgreSQL, which refuses to run as root.
FROM ${NODE_IMAGE} AS tests
WORKDIR /app
RUN chown node:node /app
USER node
COPY --chown=node:node package.json package-lock.json .npmrc ./
COPY --chown=node:node console/package.json console/
COPY --chown=node:node packages/verify/package.json packages/verify/
COPY --chown=node:node packages/client/package.json packages/client/
RUN npm ci
COPY --chown=node:node . .
CMD ["npm", "test"]

FROM ${NODE_IMAGE}
# Let the C library give memory back: docs/performance.md#memory.
ENV MALLOC_ARENA_MAX=1 MALLOC_TRIM_THRESHOLD_=1048576
ENV NODE_ENV=production HOST=0.0.0.0 PORT=3000
WORKDIR /app
COPY package.json ./
COPY --from=dependencies /app/node_modules node_modules
COPY --from=build /app/dist dist
COPY --from=build /app/console/dist console/dist
COPY templates templates
COPY scripts/compile.mjs scripts/
# What V8 compiles of the server, for the user below (`node`, 1000): without it, each start would take a second longer.
RUN node scripts/compile.mjs 1000 && rm -r scripts
# Everything belongs to root: the server writes no file, so that it runs on a read-only file system.
USER node
EXPOSE 3000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --start-interval=1s --retries=3 \
  CMD ["node", "-e", "fetch(`http://127.0.0.1:${process.env.PORT}/health/live`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
CMD ["node", "dist/main.js"]
