import { Logger } from '@nestjs/common';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { createApp } from '../../src/app.js';
import type { RemoteModel } from '../../src/config.js';
import { prepareDatabase } from '../../src/database/prepare-database.js';
import { eventually } from '../support/eventually.js';
import { chat, ModelServer, type ServerReply } from '../support/model-server.js';
import { PostgresEnv, type TestDatabase } from '../support/postgres-env.js';

const QUESTION = { workspaceId: 'ws-gestoria-sol', question: '¿Cuánto tarda el NIE en el consulado?' };

/** Server-sent events as a browser reads them. */
const eventsIn = (text: string): { event: string; data: any }[] =>
  text
    .split('\n\n')
    .filter(Boolean)
    .map((block) => {
      const [, event = '', data = ''] = /^event: (.*)\ndata: (.*)$/.exec(block) ?? [];
      return { event, data: JSON.parse(data) };
    });

const textOf = (events: { event: string; data: any }[]): string =>
  events.flatMap(({ event, data }) => (event === 'text' ? [data.text as string] : [])).join('');

describe('the assistant', () => {
  let database: TestDatabase;
  let model: ModelServer;
  let app: NestExpressApplication;
  let url: string;

  async function start(remote?: RemoteModel): Promise<void> {
    app = await createApp({ port: 0, host: '127.0.0.1', databaseUrl: database.url, model: remote });
    await app.listen(0, '127.0.0.1');
    url = `${await app.getUrl()}/api/v1/assistant/ask`;
  }

  const post = (accept: string, signal?: AbortSignal, body: object = QUESTION): Promise<Response> =>
    fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', accept },
      body: JSON.stringify(body),
      ...(signal && { signal }),
    });
  const askForEvents = async () => {
    const response = await post('text/event-stream');
    const { status, headers } = response;
    return {
      status,
      type: headers.get('content-type'),
      cache: headers.get('x-cache'),
      events: eventsIn(await response.text()),
    };
  };
  const askForJson = async () => {
    const response = await post('application/json');
    return { status: response.status, cache: response.headers.get('x-cache'), body: (await response.json()) as any };
  };

  beforeAll(async () => {
    Logger.overrideLogger(false);
    [database, model] = await Promise.all([PostgresEnv.database(), ModelServer.start()]);
    await prepareDatabase(database.url);
  });
  afterEach(() => app.close());
  afterAll(async () => {
    await model.stop();
    await database.drop();
  });

  describe('with sentences of the documents', () => {
    it('answers word by word, and the second time from the cache, in one piece as well', async () => {
      await start();
      const first = await askForEvents();
      expect(first).toMatchObject({ status: 200, type: 'text/event-stream; charset=utf-8', cache: 'MISS' });
      expect(first.events[0]).toMatchObject({ event: 'sources', data: { confidence: expect.any(Number) } });
      expect(first.events.length).toBeGreaterThan(10);
      expect(first.events.at(-1)).toMatchObject({ event: 'end', data: { metadata: { finishReason: 'stop' } } });
      expect(await askForEvents()).toEqual({ ...first, cache: 'HIT' });
      const whole = await askForJson();
      expect(whole).toMatchObject({ cache: 'HIT', body: { hit: 'exact', answer: textOf(first.events) } });
    });

    it('says what is wrong with a question before it answers', async () => {
      await start();
      const response = await post('text/event-stream', undefined, { ...QUESTION, workspaceId: 'ws-nowhere' });
      expect([response.status, await response.json()]).toMatchObject([404, { message: expect.any(String) }]);
    });
  });

  describe('with a model', () => {
    const remote = (): RemoteModel => ({ baseUrl: `${model.url}/v1`, apiKey: 'a key', name: 'gpt-mock' });
    const asked = () => model.requests.filter(({ text }) => text.includes('consulado'));

    async function startWith(reply: () => ServerReply): Promise<void> {
      model.requests.length = 0;
      model.reply = reply;
      await start(remote());
    }

    it('asks it once for all who ask the same, with what the documents say', async () => {
      let send: () => void = () => undefined;
      const until = new Promise<void>((resolve) => (send = resolve));
      await startWith(() => ({ events: chat.events(['Seis ', 'semanas.']), held: { after: 1, until } }));
      const answers = [1, 2, 3].map(() => askForEvents());
      await eventually(() => asked().length === 1, { what: 'the model is asked' });
      send();
      const all = await Promise.all(answers);
      expect(all.map(({ events }) => textOf(events))).toEqual(Array(3).fill('Seis semanas.'));
      expect(await askForJson()).toMatchObject({ cache: 'HIT', body: { answer: 'Seis semanas.' } });
      expect(asked()).toHaveLength(1);
      expect(asked()[0]).toMatchObject({ path: '/v1/chat/completions', headers: { authorization: 'Bearer a key' } });
      expect(JSON.parse(asked()[0]?.text ?? '')).toMatchObject({ model: 'gpt-mock', temperature: 0, stream: true });
    });

    it('is a 502 when the model fails, and starts all the same', async () => {
      await startWith(() => ({ status: 429, json: { error: { message: 'the secret of the provider' } } }));
      const failed = await askForJson();
      expect(failed).toMatchObject({
        status: 502,
        cache: null,
        body: { message: 'The model does not answer now; try again later.' },
      });
      expect((await post('text/event-stream')).status).toBe(502);
      model.reply = () => ({ events: chat.events(['Seis.']) });
      expect(await askForJson()).toMatchObject({ status: 200, body: { answer: 'Seis.', hit: 'none' } });
    });

    it('tells that an answer was cut off, and does not keep it', async () => {
      await startWith(() => ({ events: chat.events(['Seis ']).slice(0, 1), breaks: true }));
      const { events } = await askForEvents();
      expect([textOf(events), events.at(-1)]).toMatchObject([
        'Seis ',
        { event: 'error', data: { message: expect.any(String) } },
      ]);
      model.reply = () => ({ events: chat.events(['Seis.'], 'length') });
      expect((await askForJson()).body).toMatchObject({ answer: 'Seis.', hit: 'none' });
      model.reply = () => ({ events: chat.events(['Siete.']) });
      expect((await askForJson()).body).toMatchObject({ answer: 'Siete.', hit: 'none' });
    });

    it('is told to stop when everybody has left', async () => {
      await startWith(() => ({
        events: chat.events(['Seis ', 'semanas.']),
        held: { after: 1, until: new Promise(() => undefined) },
      }));
      const leaving = new AbortController();
      const response = await post('text/event-stream', leaving.signal);
      expect(response.status).toBe(200);
      leaving.abort();
      await eventually(() => asked()[0]?.left === true, { what: 'the model is left' });
    });
  });
});
