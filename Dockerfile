# The demo application. Build: docker build -t mobius-cache-demo .
FROM node:24-slim AS build
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY libs/kernel/package.json libs/kernel/
COPY libs/cache/package.json libs/cache/
COPY libs/database/package.json libs/database/
RUN npm ci --ignore-scripts
COPY . .
RUN npm run prisma -- generate && npm run build

FROM node:24-slim
ENV NODE_ENV=production
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
COPY libs/kernel/package.json libs/kernel/
COPY libs/cache/package.json libs/cache/
COPY libs/database/package.json libs/database/
# Without the embedded PostgreSQL, which comes as optional packages: here the database is a server of its own.
RUN npm ci --omit=dev --omit=optional --ignore-scripts && npm cache clean --force
COPY --from=build /app/dist dist
COPY --from=build /app/prisma prisma
USER node
EXPOSE 3000
CMD ["node", "--enable-source-maps", "dist/src/main.js"]
