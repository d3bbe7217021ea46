import { Logger } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';
import { createApp } from '../../src/app.js';
import { readConfig } from '../../src/config.js';
import { prepareDatabase } from '../../src/database/prepare-database.js';
import { DEFAULT_LIMITS, type LimitNumbers } from '../../src/limits/limits.js';
import { redisOptions } from '../support/cache.js';
import { PostgresEnv, type TestDatabase } from '../support/postgres-env.js';

const WORKSPACE = '/api/v1/workspaces/ws-gestoria-sol';
const ASK = '/api/v1/assistant/ask';

describe('the limits of the workspace API', () => {
  let database: TestDatabase;
  const open: NestExpressApplication[] = [];

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await PostgresEnv.database();
    await prepareDatabase(database.url);
  });
  afterEach(async () => {
    await Promise.all(open.splice(0).map((app) => app.close()));
  });
  afterAll(() => database.drop());

  async function start(limits?: Partial<LimitNumbers>) {
    // A machine that is busy with other tests must not look like an outage.
    const cache = { redis: redisOptions(), rateLimit: { timeout: 10_000 } };
    const config = { port: 0, host: '127.0.0.1', databaseUrl: database.url, cache };
    const app = await createApp(limits === undefined ? config : { ...config, limits });
    open.push(app);
    await app.listen(0, '127.0.0.1');
    return request(await app.getUrl());
  }

  const withoutTimes = (fields: unknown): string => String(fields).replace(/;t=\d+/g, '');
  const ask = (http: ReturnType<typeof request>, question: string, workspaceId = 'ws-gestoria-sol') =>
    http.post(ASK).send({ workspaceId, question });

  it('holds one for each address on all routes, and tells what is left', async () => {
    const http = await start({ requests: 3 });
    const first = await http.get(WORKSPACE).expect(200);
    expect(first.headers['ratelimit-policy']).toBe('"requests";q=3;w=60');
    expect(withoutTimes(first.headers.ratelimit)).toBe('"requests";r=2');
    await http.get('/api/v1/templates/tpl-welcome-checklist').expect(200);
    await http.get('/api/v1/users/user-ana').set('X-User-Id', 'u1').expect(200);
    const denied = await http.get(WORKSPACE).set('X-User-Id', 'u2').expect(429);
    expect(denied.headers['content-type']).toContain('application/problem+json');
    expect(Number(denied.headers['retry-after'])).toBeGreaterThan(0);
    expect(denied.body).toMatchObject({ status: 429, 'violated-policies': ['requests'] });
    // Whoever looks after the application is not limited.
    await http.get('/health').expect(200);
    await http.get('/metrics').expect(200);
  });

  it('holds one for each user on writes, and counts who names none by address', async () => {
    const http = await start({ writes: 1 });
    const rename = (user?: string) => {
      const asked = http.patch(WORKSPACE).send({ name: 'Sol' });
      return user === undefined ? asked : asked.set('X-User-Id', user);
    };
    const first = await rename('ana').expect(200);
    expect(withoutTimes(first.headers.ratelimit)).toBe('"requests";r=2999, "writes";r=0');
    await rename('ana').expect(429);
    await rename('luis').expect(200);
    await rename().expect(200);
    await rename('no user at all').expect(429);
    await http.get(WORKSPACE).set('X-User-Id', 'ana').expect(200);
    const draft = { title: 'Cita', content: 'Martes.', authorId: 'user-ana' };
    await http.post(`${WORKSPACE}/documents`).set('X-User-Id', 'ana').send(draft).expect(429);
  });

  it('limits questions, and the tokens of a workspace, of which an answer from the cache uses none', async () => {
    const http = await start({ questions: 20, tokens: 1_000 });
    const tokens = async (workspaceId = 'ws-gestoria-sol'): Promise<number> => {
      const { body } = await http.get('/api/v1/limits').query({ workspaceId }).expect(200);
      return body.limits.find(({ name }: { name: string }) => name === 'tokens').remaining;
    };
    // What is warmed up at start was asked by nobody.
    expect(await tokens()).toBe(1_000);
    const question = '¿Cuánto tarda el NIE en el consulado?';
    const first = await ask(http, question).expect(200);
    expect(first.headers['ratelimit-policy']).toMatch(
      /"requests";q=3000;w=60, "questions";q=20;w=60, "tokens";q=1000;w=86400$/,
    );
    expect(withoutTimes(first.headers.ratelimit)).toMatch(/"questions";r=19, "tokens";r=800$/);
    const left = await tokens();
    expect(left).toBeLessThan(1_000);

    const again = await ask(http, question).expect(200);
    expect(again.headers['x-cache']).toBe('HIT');
    expect(await tokens()).toBe(left);

    let denied = again;
    for (let i = 0; i < 15 && denied.status === 200; i++) denied = await ask(http, `¿Dónde se pide el NIE ${i}?`);
    expect(denied.status).toBe(429);
    expect(denied.headers['content-type']).toContain('application/problem+json');
    expect(denied.body['violated-policies']).toEqual(['tokens']);
    expect(await tokens('ws-welcome-valencia')).toBe(1_000);
  });

  it('limits the questions of a user', async () => {
    const http = await start({ questions: 1 });
    await ask(http, '¿Qué es el NIE?').set('X-User-Id', 'ana').expect(200);
    const denied = await ask(http, '¿Qué es el NIE?').set('X-User-Id', 'ana').expect(429);
    expect(denied.body['violated-policies']).toEqual(['questions']);
    await ask(http, '¿Qué es el NIE?').set('X-User-Id', 'luis').expect(200);
  });

  it('shows how they stand for whoever asks, without counting it as a write', async () => {
    const http = await start({ requests: 100 });
    await http.patch(WORKSPACE).set('X-User-Id', 'ana').send({ name: 'Sol' }).expect(200);
    const { body } = await http.get('/api/v1/limits').set('X-User-Id', 'ana').expect(200);
    const stand = { algorithm: 'sliding-window', window: 60, reset: expect.any(Number) };
    expect(body.limits).toEqual([
      { ...stand, name: 'requests', limit: 100, remaining: 98 },
      { ...stand, name: 'writes', limit: DEFAULT_LIMITS.writes, remaining: DEFAULT_LIMITS.writes - 1 },
      { ...stand, name: 'questions', limit: DEFAULT_LIMITS.questions, remaining: DEFAULT_LIMITS.questions },
    ]);
    expect(body.decisions).toEqual([{ outcome: 'allowed', source: 'redis', count: 2 }]);
    await http.get('/api/v1/limits?workspaceId=a%20b').expect(400);
  });

  it('documents them', async () => {
    const http = await start();
    const { body } = await http.get('/api/docs-json').expect(200);
    expect(body.paths['/api/v1/limits'].get.responses['200']).toBeDefined();
    for (const [path, method] of [
      ['/api/v1/assistant/ask', 'post'],
      ['/api/v1/workspaces/{id}', 'patch'],
      ['/api/v1/workspaces/{id}/documents', 'post'],
    ] as const) {
      const { responses, parameters } = body.paths[path][method];
      expect(responses['429'].content).toHaveProperty('application/problem+json');
      expect(parameters).toContainEqual(expect.objectContaining({ name: 'X-User-Id', in: 'header', required: false }));
    }
    expect(body.components.schemas.QuotaProblem.properties).toHaveProperty('violated-policies');
  });

  it('are read from the environment', () => {
    const env = { DATABASE_URL: 'postgresql://localhost/x' };
    expect(readConfig(env).limits).toEqual(DEFAULT_LIMITS);
    const { limits } = readConfig({ ...env, RATE_LIMIT_REQUESTS: '10', RATE_LIMIT_TOKENS: '0' });
    expect(limits).toEqual({ ...DEFAULT_LIMITS, requests: 10, tokens: 0 });
    const wrong = (): unknown => readConfig({ ...env, RATE_LIMIT_WRITES: '-1', RATE_LIMIT_QUESTIONS: 'many' });
    expect(wrong).toThrow(/RATE_LIMIT_WRITES[^]*RATE_LIMIT_QUESTIONS/);
  });
});
