import { Logger } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import request from 'supertest';
import { CACHE_INSTANCE, type CacheInstance, type CacheOptions } from '@mobius1/cache';
import { DatabaseService, TransactionService } from '@mobius1/database';
import { createApp } from '../../src/app.js';
import { prepareDatabase } from '../../src/database/prepare-database.js';
import { NewDocumentDto } from '../../src/documents/document.dto.js';
import { DocumentsService } from '../../src/documents/documents.service.js';
import { eventually } from '../support/eventually.js';
import { PostgresEnv, type TestDatabase } from '../support/postgres-env.js';
import { RedisEnv } from '../support/redis-env.js';
import type { RedisProcess } from '../support/redis-process.js';

interface Running {
  readonly app: NestExpressApplication;
  /** GETs a path; tells what came, how the cache says it was answered, and how often the database was asked. */
  get(path: string): Promise<{ status: number; body: any; cache: string | undefined; queries: number }>;
}

const WORKSPACE = '/api/v1/workspaces/ws-gestoria-sol';
const DOCUMENTS = '/api/v1/workspaces/ws-gestoria-sol/documents';
const NEW_DOCUMENT = { title: 'Cita para la TIE', content: 'El martes a las 9:30.', authorId: 'user-ana' };

describe('caching in the workspace API', () => {
  let database: TestDatabase;
  let redis: RedisProcess;
  const apps: NestExpressApplication[] = [];

  async function start(cache: CacheOptions): Promise<Running> {
    const app = await createApp({ port: 0, host: '127.0.0.1', databaseUrl: database.url, cache });
    apps.push(app);
    await app.init();
    let acquired = 0;
    app.get(DatabaseService).pool.on('acquire', () => {
      acquired += 1;
    });
    return {
      app,
      get: async (path) => {
        const before = acquired;
        const { status, body, headers } = await request(app.getHttpServer()).get(path);
        return { status, body, cache: headers['x-cache'], queries: acquired - before };
      },
    };
  }

  const onRedis = (keyPrefix: string): CacheOptions => ({
    redis: { host: redis.host, port: redis.port, keyPrefix, commandTimeout: 2_000 },
  });

  beforeAll(async () => {
    Logger.overrideLogger(false);
    [database, redis] = await Promise.all([PostgresEnv.database(), RedisEnv.process()]);
    await prepareDatabase(database.url);
  });

  afterEach(async () => {
    await Promise.all(apps.splice(0).map((app) => app.close()));
  });

  afterAll(async () => {
    await redis.stop();
    await database.drop();
  });

  describe.each([
    ['Redis', () => onRedis('api:')],
    ['memory', () => ({})],
  ])('on %s', (kind, options) => {
    let running: Running;
    beforeEach(async () => {
      if (kind === 'Redis') await redis.command('FLUSHALL');
      running = await start(options());
    });

    it.each([
      ['a workspace', WORKSPACE],
      ['the list of workspaces', '/api/v1/workspaces'],
      ['a page of documents', `${DOCUMENTS}?page=2&pageSize=3`],
      ['a document', '/api/v1/documents/doc-que-es-el-nie'],
      ['a user', '/api/v1/users/user-ana'],
    ])('answers the second read of %s without SQL, and alike', async (_what, path) => {
      const first = await running.get(path);
      expect(first).toMatchObject({ status: 200, cache: 'MISS' });
      expect(first.queries).toBeGreaterThan(0);
      expect(await running.get(path)).toEqual({ ...first, cache: 'HIT', queries: 0 });
    });

    it('keeps pages apart', async () => {
      const [one, two] = [
        await running.get(`${DOCUMENTS}?pageSize=2`),
        await running.get(`${DOCUMENTS}?page=2&pageSize=2`),
      ];
      expect(two.body.items).not.toEqual(one.body.items);
      expect((await running.get(`${DOCUMENTS}?pageSize=2`)).body).toEqual(one.body);
    });

    it('shows a change at the next read, alone and in the list', async () => {
      const before = await running.get(WORKSPACE);
      await running.get('/api/v1/workspaces');
      const name = `${before.body.name} y Luna`;
      await request(running.app.getHttpServer()).patch(WORKSPACE).send({ name }).expect(200);
      expect(await running.get(WORKSPACE)).toMatchObject({ cache: 'MISS', body: { name } });
      const list = await running.get('/api/v1/workspaces');
      expect(list.body).toContainEqual(expect.objectContaining({ id: 'ws-gestoria-sol', name }));
    });

    it('keeps what a refused change did not change', async () => {
      await running.get(WORKSPACE);
      await request(running.app.getHttpServer()).patch(WORKSPACE).send({ slug: 'welcome-valencia' }).expect(409);
      expect(await running.get(WORKSPACE)).toMatchObject({ cache: 'HIT', queries: 0 });
    });

    it('shows a new document on the first page, whichever pages were cached', async () => {
      await Promise.all([1, 2].map((page) => running.get(`${DOCUMENTS}?page=${page}&pageSize=2`)));
      const { body: created } = await request(running.app.getHttpServer())
        .post(DOCUMENTS)
        .send(NEW_DOCUMENT)
        .expect(201);
      const { body } = await running.get(`${DOCUMENTS}?page=1&pageSize=2`);
      expect(body.items[0].id).toBe(created.id);
      expect((await running.get(`${DOCUMENTS}?page=2&pageSize=2`)).cache).toBe('MISS');
    });

    it('shows nothing of a document whose creation was rolled back, and all of one that was committed', async () => {
      const page = `${DOCUMENTS}?page=1&pageSize=2`;
      const before = await running.get(page);
      const documents = running.app.get(DocumentsService);
      const transactions = running.app.get(TransactionService);
      const create = () => documents.create('ws-gestoria-sol', Object.assign(new NewDocumentDto(), NEW_DOCUMENT));
      const failed = transactions.run(async () => {
        await create();
        throw new Error('rolled back');
      });
      await expect(failed).rejects.toThrow('rolled back');
      expect(await running.get(page)).toEqual({ ...before, cache: 'HIT', queries: 0 });
      const { id } = await transactions.run(async () => {
        const created = await create();
        expect((await transactions.outside(() => running.get(page))).cache).toBe('HIT');
        return created;
      });
      expect((await running.get(page)).body.items[0].id).toBe(id);
      const { body } = await running.get('/api/v1/workspaces');
      expect(Date.parse(body.find((one: { id: string }) => one.id === 'ws-gestoria-sol').updatedAt)).toBeGreaterThan(
        Date.now() - 60_000,
      );
    });

    it('answers a question once, says so, and again when a document was added', async () => {
      const ask = async (question: string, workspaceId = 'ws-gestoria-sol') => {
        const { body, headers } = await request(running.app.getHttpServer())
          .post('/api/v1/assistant/ask')
          .send({ workspaceId, question })
          .expect(200);
        return { body, cache: headers['x-cache'] };
      };
      const first = await ask('¿Cuánto tarda el NIE en el consulado?');
      expect(first).toMatchObject({ cache: 'MISS', body: { hit: 'none', confidence: expect.any(Number) } });
      expect(first.body.sources.length).toBeGreaterThan(0);
      const second = await ask('¿Cuánto tarda el NIE en el consulado?');
      expect(second).toMatchObject({ cache: 'HIT', body: { ...first.body, hit: 'exact' } });
      expect(await ask('¿Qué es el NIE?')).toMatchObject({ cache: 'HIT' }); // warmed up
      expect((await ask('¿Cuánto tarda el NIE en el consulado?', 'ws-extranjeria-norte')).cache).toBe('MISS');
      const answer = { ...NEW_DOCUMENT, title: 'NIE en el consulado', content: 'En el consulado tarda seis semanas.' };
      await request(running.app.getHttpServer()).post(DOCUMENTS).send(answer).expect(201);
      const third = await ask('¿Cuánto tarda el NIE en el consulado?');
      expect(third).toMatchObject({ cache: 'MISS', body: { answer: expect.stringContaining('seis semanas') } });
      const { body } = await running.get('/api/v1/assistant/savings');
      expect(body).toMatchObject({ hits: 2, stored: expect.any(Number), refused: {} });
      const saved = await running.get('/api/v1/assistant/savings?workspaceId=ws-extranjeria-norte');
      expect(saved.body.savings).toMatchObject({ complete: true, totals: { calls: 3, hits: 0 } }); // two of the warm-up
      expect((await running.get('/api/v1/assistant/savings?workspaceId=unknown')).status).toBe(404);
    });

    it('has popular templates before anybody asked for them', async () => {
      expect(await running.get('/api/v1/templates/tpl-welcome-checklist')).toMatchObject({ cache: 'HIT', queries: 0 });
    });

    it('tells of what it did', async () => {
      const { body: before } = await running.get('/api/v1/cache/stats');
      await running.get(WORKSPACE);
      await running.get(WORKSPACE);
      const { body, cache } = await running.get('/api/v1/cache/stats');
      expect([body.hits - before.hits, body.misses - before.misses, body.remembered]).toEqual([1, 1, 0]);
      expect(body.hitRate).toBeGreaterThan(before.hitRate);
      expect(body.keys).toBeGreaterThan(1);
      expect(body.memory).toBeGreaterThan(0);
      expect(cache).toBeUndefined();
    });

    it('asks the database once for many readers at the same time', async () => {
      const path = '/api/v1/documents/doc-que-es-el-nie';
      const { body: before } = await running.get('/api/v1/cache/stats');
      const answers = await Promise.all(Array.from({ length: 50 }, () => running.get(path)));
      expect(answers.every(({ status }) => status === 200)).toBe(true);
      expect(running.app.get(DatabaseService).stats().size).toBeGreaterThan(0);
      const { body } = await running.get('/api/v1/cache/stats');
      expect(body.loads - before.loads).toBe(1);
    });

    it('reports to Prometheus', async () => {
      await running.get(WORKSPACE);
      const { text, headers } = await request(running.app.getHttpServer()).get('/metrics').expect(200);
      expect(headers['content-type']).toContain('text/plain');
      expect(text).toMatch(/^mobius_cache_hits_total\{cache="cache"\} \d+$/m);
      expect(text).toMatch(/^mobius_cache_load_seconds_bucket\{le="\+Inf",cache="cache"\} [1-9]/m);
    });

    it('is healthy', async () => {
      const { status, body } = await running.get('/health');
      expect(status).toBe(200);
      expect(body.details.cache).toMatchObject({ status: 'up', store: kind.toLowerCase() });
    });
  });

  it('a change through one application is seen by the next read of another', async () => {
    const [here, there] = [await start(onRedis('pair:')), await start(onRedis('pair:'))];
    await there.get(WORKSPACE);
    expect((await here.get(WORKSPACE)).cache).toBe('HIT');
    await request(here.app.getHttpServer()).patch(WORKSPACE).send({ name: 'Gestoría de Poniente' }).expect(200);
    await there.app.get<CacheInstance>(CACHE_INSTANCE).near?.catchUp(); // one message from Redis (G4)
    expect((await there.get(WORKSPACE)).body.name).toBe('Gestoría de Poniente');
  });

  it('answers while Redis is killed, says so, and uses it again when it is back', async () => {
    const running = await start(onRedis('outage:'));
    expect((await running.get(WORKSPACE)).cache).toBe('MISS');
    expect((await running.get(WORKSPACE)).cache).toBe('HIT');

    await redis.kill();
    expect(await running.get(WORKSPACE)).toMatchObject({ status: 200, cache: 'MISS' });
    await request(running.app.getHttpServer()).patch(WORKSPACE).send({ name: 'Gestoría sin Redis' }).expect(200);
    expect((await running.get(WORKSPACE)).body.name).toBe('Gestoría sin Redis');
    const health = await running.get('/health');
    expect(health.status).toBe(200);
    expect(health.body.details.cache.reasons.join(' ')).toMatch(/does not answer.*wait for Redis/s);
    expect((await running.get('/api/v1/cache/stats')).body).toMatchObject({ keys: 0, memory: 0, remembered: 2 });

    await redis.restart();
    await eventually(async () => (await running.get(WORKSPACE)).cache === 'HIT', { what: 'reads are cached again' });
    // The connection that hears of changes comes back by itself, before or after.
    const cacheHealth = async () => (await running.get('/health')).body.details.cache;
    await eventually(async () => (await cacheHealth()).status === 'up', { what: 'the cache is well again' });
    expect(await cacheHealth()).toMatchObject({ status: 'up', remembered: 0 });
  });

  it('starts without Redis, answers, and uses it when it appears', async () => {
    await redis.kill();
    const running = await start(onRedis('late:'));
    expect(await running.get(WORKSPACE)).toMatchObject({ status: 200, cache: 'MISS' });
    await redis.restart();
    await eventually(async () => (await running.get(WORKSPACE)).cache === 'HIT', { what: 'reads are cached' });
  });
});
