import { Agent, get } from 'node:http';
import type { AddressInfo } from 'node:net';
import { Logger } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import pg from 'pg';
import request from 'supertest';
import { DatabaseService } from '@mobius1/database';
import { createApp } from '../../src/app.js';
import { prepareDatabase } from '../../src/database/prepare-database.js';
import { eventually } from '../support/eventually.js';
import { PostgresEnv, type TestDatabase } from '../support/postgres-env.js';

describe('the workspace API', () => {
  let database: TestDatabase;
  let app: NestExpressApplication;
  const start = () => createApp({ port: 0, host: '127.0.0.1', databaseUrl: database.url });
  const http = () => request(app.getHttpServer());

  beforeAll(async () => {
    Logger.overrideLogger(false);
    database = await PostgresEnv.database();
    await Promise.all([prepareDatabase(database.url), prepareDatabase(database.url)]);
    app = await start();
    await app.init();
  });

  afterAll(async () => {
    // Nothing to close when the start itself failed, which is what should be reported then.
    await (app as NestExpressApplication | undefined)?.close();
    await database.drop();
  });

  describe('reads', () => {
    it('lists the workspaces by name', async () => {
      const { body } = await http().get('/api/v1/workspaces').expect(200);
      expect(body.map(({ id }: { id: string }) => id)).toEqual([
        'ws-extranjeria-norte',
        'ws-gestoria-sol',
        'ws-welcome-valencia',
      ]);
    });

    it('shows a workspace with its users', async () => {
      const { body } = await http().get('/api/v1/workspaces/ws-welcome-valencia').expect(200);
      expect(body).toMatchObject({ name: 'Welcome Valencia', slug: 'welcome-valencia' });
      expect(body.users).toEqual([
        { id: 'user-james', name: 'James Whitfield', email: 'james@welcomevalencia.example', role: 'MEMBER' },
        { id: 'user-sofia', name: 'Sofía Llorens', email: 'sofia@welcomevalencia.example', role: 'ADMIN' },
      ]);
    });

    it('shows a document, a template and a user', async () => {
      const document = await http().get('/api/v1/documents/doc-que-es-el-nie').expect(200);
      expect(document.body).toMatchObject({ title: '¿Qué es el NIE?', authorId: 'user-ana', language: 'ES' });
      expect(document.body.content).toMatch(/^El NIE es el Número de Identidad de Extranjero/);
      const template = await http().get('/api/v1/templates/tpl-welcome-checklist').expect(200);
      expect(template.body).toMatchObject({ popular: true, language: 'EN' });
      const user = await http().get('/api/v1/users/user-ana').expect(200);
      expect(user.body).toEqual({
        id: 'user-ana',
        name: 'Ana Torres',
        email: 'ana@gestoriasol.example',
        role: 'ADMIN',
      });
    });

    it.each([
      ['workspace', '/api/v1/workspaces/nowhere'],
      ['workspace', '/api/v1/workspaces/nowhere/documents'],
      ['document', '/api/v1/documents/nowhere'],
      ['template', '/api/v1/templates/nowhere'],
      ['user', '/api/v1/users/nowhere'],
    ])('says that there is no %s: GET %s', async (kind, path) => {
      const { body } = await http().get(path).expect(404);
      expect(body).toEqual({ statusCode: 404, error: 'Not Found', message: `There is no ${kind} "nowhere".` });
    });

    it('refuses what cannot be an id, and answers unknown paths in JSON', async () => {
      const { body } = await http().get('/api/v1/users/a%00b').expect(400);
      expect(body.message).toEqual(['id must be 1 to 64 letters, digits, hyphens or underscores']);
      await http().get('/api/v1/users/%zz').expect(400).expect('content-type', /json/);
      await http().get('/nowhere').expect(404).expect('content-type', /json/);
    });
  });

  describe('pages of documents', () => {
    const documents = '/api/v1/workspaces/ws-extranjeria-norte/documents';

    it('cuts the list into pages, newest first, without gaps or repetitions', async () => {
      const pages = await Promise.all([1, 2, 3].map((page) => http().get(documents).query({ page, pageSize: 5 })));
      expect(pages.map(({ body }) => body.items.length)).toEqual([5, 5, 3]);
      expect(pages[2]!.body).toMatchObject({ page: 3, pageSize: 5, total: 13, pages: 3 });
      const items = pages.flatMap(({ body }) => body.items as { id: string; updatedAt: string }[]);
      expect(new Set(items.map(({ id }) => id)).size).toBe(13);
      const times = items.map(({ updatedAt }) => updatedAt);
      expect(times).toEqual([...times].sort().reverse());
    });

    it('gives 20 when nothing is asked, and nothing after the last page', async () => {
      expect((await http().get(documents).expect(200)).body).toMatchObject({
        page: 1,
        pageSize: 20,
        total: 13,
        pages: 1,
      });
      expect((await http().get(`${documents}?page=9`).expect(200)).body).toMatchObject({ items: [], total: 13 });
    });

    it.each([
      ['page=0', 'page must not be less than 1'],
      ['page=-1', 'page must not be less than 1'],
      ['page=1.5', 'page must be an integer number'],
      ['page=abc', 'page must be an integer number'],
      ['page=1&page=2', 'page must be an integer number'],
      ['page=100001', 'page must not be greater than 100000'],
      ['pageSize=0', 'pageSize must not be less than 1'],
      ['pageSize=101', 'pageSize must not be greater than 100'],
      ['limit=5', 'property limit should not exist'],
    ])('refuses ?%s', async (query, message) => {
      const { body } = await http().get(`${documents}?${query}`).expect(400);
      expect(body.message).toEqual([message]);
    });
  });

  describe('PATCH /workspaces/:id', () => {
    const path = '/api/v1/workspaces/ws-gestoria-sol';

    it('changes what is sent and leaves the rest', async () => {
      const { body } = await http().patch(path).send({ name: '  Gestoría Luna ' }).expect(200);
      expect(body).toMatchObject({ name: 'Gestoría Luna', slug: 'gestoria-sol' });
      expect((await http().get(path)).body).toEqual(body);
    });

    it.each<[string, object, string | string[]]>([
      ['nothing', {}, 'Nothing to change: send a name, a slug or both.'],
      ['an empty name', { name: ' ' }, ['name must be longer than or equal to 1 characters']],
      ['a null name', { name: null }, ['name must be a string']],
      ['U+0000', { name: 'a\0b' }, ['name must not contain the character U+0000']],
      ['a slug with blanks', { slug: 'Mal Slug' }, ['slug must be lower-case letters and digits, joined by hyphens']],
      ['a foreign property', { name: 'x', id: 'y' }, ['property id should not exist']],
    ])('refuses %s', async (_, changes, message) => {
      const { body } = await http().patch(path).send(changes).expect(400);
      expect(body.message).toEqual(message);
    });

    it('refuses a slug that is taken', async () => {
      const { body } = await http().patch(path).send({ slug: 'welcome-valencia' }).expect(409);
      expect(body.message).toBe('Another workspace has this slug already; it must be unique.');
    });

    it('says that there is no such workspace', async () => {
      await http().patch('/api/v1/workspaces/nowhere').send({ name: 'x' }).expect(404);
    });
  });

  describe('POST /workspaces/:id/documents', () => {
    const path = '/api/v1/workspaces/ws-welcome-valencia/documents';
    const draft = { title: 'Appointment', content: 'Tuesday, 9:30.', authorId: 'user-james' };

    it('creates a document, which is the first of the list then', async () => {
      const send = { ...draft, language: 'EN', templateId: 'tpl-tie-toma-huellas' };
      const { body } = await http().post(path).send(send).expect(201);
      expect(body).toMatchObject({ ...send, workspaceId: 'ws-welcome-valencia' });
      expect((await http().get(`/api/v1/documents/${body.id}`)).body).toEqual(body);
      expect((await http().get(`${path}?pageSize=1`)).body.items[0].id).toBe(body.id);
    });

    it('writes in Spanish and without template when nothing else is said', async () => {
      const { body } = await http().post(path).send(draft).expect(201);
      expect(body).toMatchObject({ language: 'ES', templateId: null });
    });

    it.each<[string, object, string]>([
      ['an author of another workspace', { authorId: 'user-ana' }, '"user-ana" is not a user of workspace'],
      ['an unknown template', { templateId: 'tpl-none' }, 'there is no template "tpl-none"'],
      ['an unknown language', { language: 'FR' }, 'language must be ES or EN'],
      ['a content that is too long', { content: 'x'.repeat(50_001) }, 'content must be shorter than'],
    ])('refuses %s', async (_, changes, message) => {
      const { body } = await http()
        .post(path)
        .send({ ...draft, ...changes })
        .expect(400);
      expect(body.message).toEqual([expect.stringContaining(message)]);
    });

    it('reports every missing property', async () => {
      const { body } = await http().post(path).send({}).expect(400);
      expect(body.message).toHaveLength(3);
    });

    it('says that there is no such workspace', async () => {
      await http().post('/api/v1/workspaces/nowhere/documents').send(draft).expect(404);
    });

    it('refuses broken and oversized bodies in JSON', async () => {
      const broken = await http().post(path).type('json').send('{"title":').expect(400);
      expect(broken.body).toMatchObject({ statusCode: 400, error: 'Bad Request' });
      const large = await http()
        .post(path)
        .send({ ...draft, content: 'x'.repeat(600_000) })
        .expect(413);
      expect(large.body).toMatchObject({ statusCode: 413 });
    });
  });

  describe('operations', () => {
    it('reports health with the round trip and the pool', async () => {
      const { body } = await http().get('/health').expect(200);
      expect(body.details.database).toMatchObject({ status: 'up', latencyMs: expect.any(Number), pool: { limit: 10 } });
    });

    it('tells of its connections and of slow statements', async () => {
      const { body: pool } = await http().get('/api/v1/database/pool').expect(200);
      expect(pool).toMatchObject({
        limit: 10,
        waiting: 0,
        timeouts: 0,
        leaks: 0,
        waitMs: { count: expect.any(Number) },
      });
      await app.get(DatabaseService).pool.query(`SELECT pg_sleep(1.1), 'secret'`);
      const { body: slow } = await http().get('/api/v1/database/slow-queries').expect(200);
      // On a machine that is busy with other tests it may not be the only one.
      expect(slow).toContainEqual(expect.objectContaining({ statement: 'SELECT pg_sleep(?), ?', count: 1, failed: 0 }));
      expect(JSON.stringify(slow)).not.toContain('secret');
    });

    it('documents every route, under one page for people', async () => {
      await http().get('/api/docs').expect(200).expect('content-type', /html/);
      const { body } = await http().get('/api/docs-json').expect(200);
      expect(Object.keys(body.paths).sort()).toEqual(
        expect.arrayContaining([
          '/api/v1/cache/stats',
          '/api/v1/documents/{id}',
          '/api/v1/templates/{id}',
          '/api/v1/users/{id}',
          '/api/v1/workspaces',
          '/api/v1/workspaces/{id}',
          '/api/v1/workspaces/{id}/documents',
          '/health',
        ]),
      );
      expect(body.components.schemas.NewDocumentDto.required).toEqual(['title', 'content', 'authorId']);
    });

    it('counts the SQL statements of a read', async () => {
      let acquired = 0;
      app.get(DatabaseService).pool.on('acquire', () => (acquired += 1));
      await http().get('/api/v1/users/user-luis').expect(200);
      expect(acquired).toBe(1);
    });

    it('keeps changes when it is prepared again', async () => {
      await prepareDatabase(database.url);
      expect((await http().get('/api/v1/workspaces/ws-gestoria-sol')).body.name).toBe('Gestoría Luna');
    });
  });

  it('answers the request under way before it ends, and leaves no connection open', async () => {
    const leaving = await start();
    await leaving.listen(0, '127.0.0.1');
    const server = leaving.getHttpServer();
    server.keepAliveTimeout = 60_000; // a connection that nobody closes would outlast the test
    const cutOff = jest.spyOn(server, 'closeAllConnections');
    const { port } = server.address() as AddressInfo;
    const blocker = new pg.Client({ connectionString: database.url });
    await blocker.connect();
    await blocker.query('BEGIN; LOCK TABLE "User"');
    const agent = new Agent({ keepAlive: true });
    const status = new Promise<number | undefined>((resolve, reject) => {
      get({ port, path: '/api/v1/users/user-ana', agent }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode));
      }).once('error', reject);
    });
    const waiting = `SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'`;
    // Not through the blocker: inside a transaction, a session sees the activity of others as it was at the first look.
    const { pool } = app.get(DatabaseService);
    await eventually(async () => (await pool.query(waiting)).rowCount === 1, { what: 'the read waits for the lock' });

    const closed = leaving.close();
    await blocker.query('ROLLBACK');
    await expect(status).resolves.toBe(200);
    await closed;
    expect(cutOff).not.toHaveBeenCalled(); // it was idle and closed, not cut off after a grace
    agent.destroy();
    await blocker.end();
  });

  it('does not start with options that cannot be used', async () => {
    await expect(createApp({ port: 0, host: '', databaseUrl: 'mysql://localhost/x' })).rejects.toMatchObject({
      code: 'INVALID_OPTIONS',
    });
  });
});
