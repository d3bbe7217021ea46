import type OpenAI from 'openai';
import { cachedFetch, type CachedFetchOptions } from '@mobius1/cache/fetch';
import type { ModelCache } from '@mobius1/cache/standalone';
import {
  chat,
  embeddings,
  errorEvents,
  messages,
  type ModelServer,
  responses,
  type ServerReply,
} from '../support/model-server.js';
import { eventually } from '../support/eventually.js';
import { ASKED, CLAUDE, FetchClients, wordsOf } from './fetch-clients.js';

const JSON_TYPE = { 'content-type': 'application/json' };

describe('a fetch that keeps answers', () => {
  let clients: FetchClients;
  let server: ModelServer;
  let models: ModelCache;

  beforeEach(async () => {
    clients = await FetchClients.start();
    ({ server, models } = clients);
  });
  afterEach(() => clients.stop());

  const fetchOf = (options: Partial<CachedFetchOptions> = {}) => clients.fetchOf(options);
  const openai = (options: Partial<CachedFetchOptions> = {}, more: object = {}) => clients.openai(options, more);
  const anthropic = (options: Partial<CachedFetchOptions> = {}) => clients.anthropic(options);

  /** What a client says of its answers, twice; and how the second came. */
  interface Way {
    readonly reply: (words: readonly string[]) => ServerReply;
    readonly ask: () => Promise<string>;
  }

  const ways = (): Record<string, Way> => ({
    'chat completions': {
      reply: (words) => ({ json: chat.json(words.join('')) }),
      ask: async () => (await openai().chat.completions.create(ASKED)).choices[0]?.message.content ?? '',
    },
    'chat completions, streamed': {
      reply: (words) => ({ events: chat.events(words) }),
      ask: async () =>
        wordsOf(
          await openai().chat.completions.create({ ...ASKED, stream: true }),
          (part) => part.choices[0]?.delta.content,
        ),
    },
    responses: {
      reply: (words) => ({ json: responses.json(words.join('')) }),
      ask: async () => (await openai().responses.create({ model: 'gpt-mock', input: 'what?' })).output_text,
    },
    'responses, streamed': {
      reply: (words) => ({ events: responses.events(words) }),
      ask: async () =>
        wordsOf(await openai().responses.create({ model: 'gpt-mock', input: 'what?', stream: true }), (part) =>
          part.type === 'response.output_text.delta' ? part.delta : '',
        ),
    },
    messages: {
      reply: (words) => ({ json: messages.json(words.join('')) }),
      ask: async () =>
        (await anthropic().messages.create(CLAUDE)).content
          .map((block) => (block.type === 'text' ? block.text : ''))
          .join(''),
    },
    'messages, streamed': {
      reply: (words) => ({ events: messages.events(words) }),
      ask: async () => anthropic().messages.stream(CLAUDE).finalText(),
    },
    embeddings: {
      reply: (words) => ({ json: embeddings([[words.length, 1]]) }),
      ask: async () => {
        const { data } = await openai().embeddings.create({
          model: 'embed-mock',
          input: 'what?',
          encoding_format: 'float',
        });
        return `${data[0]?.embedding[0]}`;
      },
    },
  });

  it.each(Object.keys(ways()))('asks once for twenty who ask the same, and then not again: %s', async (name) => {
    const way = ways()[name];
    if (way === undefined) throw new Error(name);
    server.reply = () => way.reply(['un ', 'número ', 'de identidad ', '€']);
    const answers = await Promise.all(Array.from({ length: 20 }, () => way.ask()));
    expect(new Set(answers)).toEqual(new Set([name === 'embeddings' ? '4' : 'un número de identidad €']));
    expect(await way.ask()).toBe(answers[0]);
    expect(server.requests).toHaveLength(1);
    expect(models.getStats()).toMatchObject({ stored: 1, misses: 1, hits: 20, refused: {} });
    const tokens = name === 'embeddings' ? 3 : name === 'messages, streamed' ? 11 : 15;
    expect(models.getStats().tokensAvoided).toBe(20 * tokens);
  });

  it('tells how an answer came, and hands on the headers of the provider to whose request it was', async () => {
    server.reply = () => ({
      json: chat.json('yes'),
      headers: { 'x-request-id': 'req_1', 'x-ratelimit-remaining-requests': '7' },
    });
    const ask = async () => openai().chat.completions.create(ASKED).withResponse();
    const [first, second] = [await ask(), await ask()];
    expect(Object.fromEntries(first.response.headers)).toMatchObject({
      ...{ 'x-mobius-cache': 'none', 'x-request-id': 'req_1', 'x-ratelimit-remaining-requests': '7' },
    });
    expect(second.data).toEqual(first.data);
    expect(second.request_id).toBe('req_1');
    expect(Object.fromEntries(second.response.headers)).toEqual({
      ...{ 'content-type': 'application/json', 'x-request-id': 'req_1', 'x-mobius-cache': 'exact' },
      age: expect.stringMatching(/^\d$/), // whole seconds
      'x-mobius-fingerprint': expect.stringMatching(/^model:w1:gpt-mock:/),
    });
  });

  it('answers workspaces and models of any script, whose names no header can hold', async () => {
    server.reply = () => ({ json: chat.json('yes') });
    const named = { workspaceId: 'gestoría 客户\n\ud800' };
    const ask = () =>
      openai(named)
        .chat.completions.create({ ...ASKED, model: 'modèle €' })
        .withResponse();
    const [first, second] = [await ask(), await ask()];
    expect(second.data).toEqual(first.data);
    const fingerprint = second.response.headers.get('x-mobius-fingerprint') ?? '';
    expect(fingerprint).toMatch(/^model:gestor%C3%AD[!-~]+$/);
    expect(fingerprint).toBe(first.response.headers.get('x-mobius-fingerprint'));
    expect(server.requests).toHaveLength(1);
  });

  it('streams an answer again byte by byte', async () => {
    const events = [
      'data: {"choices":[{"delta":{"content":"a"},"finish_reason":"stop"}]}\r\n\r\n',
      ': comment\n\n',
      'data: [DONE]\n\n',
    ];
    server.reply = () => ({ events });
    const fetch = fetchOf();
    const ask = async () => {
      const body = JSON.stringify({ ...ASKED, stream: true });
      const response = await fetch(`${server.url}/v1/chat/completions`, { method: 'POST', body });
      return { type: response.headers.get('content-type'), status: response.status, text: await response.text() };
    };
    const first = await ask();
    expect(first).toEqual({ type: 'text/event-stream; charset=utf-8', status: 200, text: events.join('') });
    expect(await ask()).toEqual(first);
    expect(server.requests).toHaveLength(1);
  });

  it('keeps apart models, workspaces, addresses, headers that count, and whatever the body says', async () => {
    let asked = 0;
    server.reply = () => ({ json: chat.json(`${++asked}`) });
    const bodies = [
      ASKED,
      { ...ASKED, model: 'gpt-mock-2' },
      { ...ASKED, temperature: 0.5 },
      { ...ASKED, seed: 7 },
      { ...ASKED, user: 'ana' },
      { ...ASKED, something_new: true },
      { ...ASKED, messages: [{ role: 'system' as const, content: '¿Qué es el NIE?' }] },
    ];
    const ask: (() => Promise<OpenAI.ChatCompletion>)[] = [
      ...bodies.map((body) => () => openai().chat.completions.create(body)),
      () => openai({ workspaceId: 'w2' }).chat.completions.create(ASKED),
      () => openai({}, { baseURL: `${server.url}/v2` }).chat.completions.create(ASKED),
      () => openai({}, { organization: 'org' }).chat.completions.create(ASKED),
      () => openai({ vary: ['X-Route'] }, { defaultHeaders: { 'x-route': 'eu' } }).chat.completions.create(ASKED),
      () => openai({ vary: ['X-Route'] }, { defaultHeaders: { 'x-route': 'us' } }).chat.completions.create(ASKED),
    ];
    for (const round of [1, 2])
      for (const [i, one] of ask.entries())
        expect({ round, i, content: (await one()).choices[0]?.message.content }).toEqual({
          round,
          i,
          content: `${i + 1}`,
        });
    expect(asked).toBe(ask.length);
  });

  it('takes for the same what only changes how an answer is fetched', async () => {
    server.reply = () => ({ json: chat.json('yes') });
    await openai().chat.completions.create(ASKED);
    await openai({}, { apiKey: 'another' }).chat.completions.create(ASKED);
    const headers = {
      'user-agent': 'openai/9',
      'x-stainless-package-version': '9',
      traceparent: '00-1',
      'x-route': 'eu',
    };
    await openai().chat.completions.create(ASKED, { headers, signal: new AbortController().signal, timeout: 9_000 });
    const { messages: asked, model } = ASKED;
    await openai().chat.completions.create({ messages: asked, model }); // in another order
    expect(server.requests).toHaveLength(1);
  });

  it('lets everything else through untouched', async () => {
    server.reply = () => ({ json: { data: [] }, headers: { 'x-of': 'the server' } });
    const fetch = fetchOf();
    const post = (path: string, body: string | FormData) => fetch(server.url + path, { method: 'POST', body });
    await openai().models.list();
    const form = new FormData();
    form.set('model', 'gpt-mock');
    await post('/v1/files', form);
    await post('/v1/chat/completions', form);
    await post('/v1/chat/completions', 'no JSON');
    await post('/v1/chat/completions', JSON.stringify({ messages: [] }));
    await post('/v1/threads/t1/messages', JSON.stringify({ role: 'user', content: 'x' }));
    await post('/v1/responses', JSON.stringify({ model: 'gpt-mock', input: 'x', conversation: 'conv_1' }));
    await post('/v1/responses', JSON.stringify({ model: 'gpt-mock', input: 'x', background: true }));
    await post('/v1/messages', JSON.stringify({ ...CLAUDE, thread: { type: 'continue', id: 'thread_1' } }));
    const response = await fetch(
      new Request(`${server.url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify(ASKED) }),
    );
    expect(response.headers.get('x-of')).toBe('the server');
    expect(response.headers.get('x-mobius-cache')).toBeNull();
    expect(server.requests).toHaveLength(10);
    expect(server.requests[3]?.text).toBe('no JSON');
    expect(models.getStats()).toMatchObject({ hits: 0, misses: 0, stored: 0, refused: {} });
  });

  const answersOf: [reason: string, name: string, reply: ServerReply][] = [
    ['unfinished', 'chat completions', { json: chat.json('cut o', { finish_reason: 'length' }) }],
    ['content-filter', 'chat completions', { json: chat.json('', { finish_reason: 'content_filter' }) }],
    [
      'content-filter',
      'chat completions',
      { json: chat.json('', { message: { content: null, refusal: 'I will not.' } }) },
    ],
    ['empty', 'chat completions', { json: chat.json('') }],
    ['error', 'chat completions', { json: 'no object' }],
    ['unfinished', 'chat completions, streamed', { events: chat.events(['cut o'], 'length') }],
    ['unfinished', 'chat completions, streamed', { events: chat.events(['cut o']).slice(0, -1) }],
    ['unfinished', 'chat completions, streamed', { events: chat.events(['cut o'], null) }],
    ['content-filter', 'chat completions, streamed', { events: chat.events([''], 'content_filter') }],
    ['tool-calls', 'chat completions, streamed', { events: chat.toolEvents('pay') }],
    [
      'unfinished',
      'responses',
      { json: responses.json('cut o', { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } }) },
    ],
    [
      'content-filter',
      'responses',
      { json: responses.json('', { status: 'incomplete', incomplete_details: { reason: 'content_filter' } }) },
    ],
    ['error', 'responses', { json: responses.json('', { status: 'failed', error: { code: 'server_error' } }) }],
    [
      'tool-calls',
      'responses',
      { json: responses.json('', { output: [{ type: 'function_call', name: 'pay', arguments: '{}' }] }) },
    ],
    [
      'unfinished',
      'responses, streamed',
      { events: responses.events(['cut o'], 'incomplete', { incomplete_details: { reason: 'max_output_tokens' } }) },
    ],
    ['unfinished', 'responses, streamed', { events: responses.events(['cut o']).slice(0, -1) }],
    ['error', 'responses, streamed', { events: responses.events([''], 'failed', { error: { code: 'server_error' } }) }],
    ['unfinished', 'messages', { json: messages.json('cut o', { stop_reason: 'max_tokens' }) }],
    ['content-filter', 'messages', { json: messages.json('no', { stop_reason: 'refusal' }) }],
    [
      'tool-calls',
      'messages',
      {
        json: messages.json('', {
          stop_reason: 'tool_use',
          content: [{ type: 'tool_use', id: '1', name: 'pay', input: {} }],
        }),
      },
    ],
    ['unfinished', 'messages, streamed', { events: messages.events(['cut o'], 'max_tokens') }],
    ['unfinished', 'messages, streamed', { events: messages.events(['cut o']).slice(0, -1) }],
  ];

  it.each(answersOf)('does not keep an answer that is not whole: %s, %s (%#)', async (reason, name, reply) => {
    const way = ways()[name];
    server.reply = () => reply;
    for (let i = 0; i < 2; i++) await way?.ask().catch(() => undefined); // some SDKs mind, too
    expect(server.requests).toHaveLength(2);
    expect(models.getStats()).toMatchObject({ stored: 0, hits: 0, refused: { [reason]: 2 } });
  });

  it.each([
    [
      '/v1/chat/completions',
      'chat completions, streamed',
      [...chat.events(['half an ']).slice(0, 1), errorEvents.openai],
    ],
    ['/v1/messages', 'messages, streamed', [...messages.events(['half an ']).slice(0, 4), errorEvents.anthropic]],
  ])('does not keep a stream with an error in it: %s', async (path, name, events) => {
    server.reply = () => ({ events });
    for (let i = 0; i < 2; i++) await expect(ways()[name]?.ask()).rejects.toThrow(/overloaded/);
    const fetch = fetchOf(); // one that reads on behind the error
    const response = await fetch(server.url + path, {
      method: 'POST',
      body: JSON.stringify({ ...ASKED, stream: true }),
    });
    expect(await response.text()).toBe(events.join(''));
    expect(server.requests).toHaveLength(3);
    expect(models.getStats()).toMatchObject({ stored: 0, hits: 0, refused: { error: 1 } });
  });

  it('does not keep a stream whose connection broke', async () => {
    server.reply = () => ({ events: chat.events(['half an ', 'answer']).slice(0, 2), breaks: true });
    const ask = ways()['chat completions, streamed']?.ask ?? Promise.reject;
    for (let i = 0; i < 2; i++) await expect(ask()).rejects.toThrow();
    expect(server.requests).toHaveLength(2);
    expect(models.getStats()).toMatchObject({ stored: 0, hits: 0 });
  });

  it('keeps JSON only where it is', async () => {
    server.reply = ({ text }) => ({ json: chat.json(text.includes('whole') ? '{"a":1}' : '{"a":') });
    const ask = (content: string) =>
      openai().chat.completions.create({
        ...{ model: 'gpt-mock', messages: [{ role: 'user', content }] },
        response_format: { type: 'json_object' },
      });
    for (const content of ['half', 'half', 'whole', 'whole']) await ask(content);
    expect(server.requests).toHaveLength(3);
    expect(models.getStats().refused).toEqual({ 'invalid-json': 2 });
  });

  it('hands on what the provider refuses, to each who waits; keeps none of it', async () => {
    server.reply = () => ({ status: 429, json: { error: { message: 'slow down' } }, headers: { 'retry-after': '7' } });
    const failed = await Promise.allSettled(Array.from({ length: 5 }, () => openai().chat.completions.create(ASKED)));
    for (const one of failed)
      expect((one as PromiseRejectedResult).reason).toMatchObject({ status: 429, message: '429 slow down' });
    expect((failed[4] as PromiseRejectedResult).reason.headers.get('retry-after')).toBe('7');
    expect(server.requests).toHaveLength(1);
    server.reply = () => ({ json: chat.json('yes') });
    expect((await openai().chat.completions.create(ASKED)).choices[0]?.message.content).toBe('yes');
  });

  it.each<[string, ServerReply, string]>([
    ['that is no text', { json: 'sound', headers: { 'content-type': 'audio/mpeg' } }, '"sound"'],
    ['without a body', { status: 204 }, ''],
  ])('hands on an answer %s, to each as it came; keeps none of it', async (_, reply, body) => {
    server.reply = () => reply;
    const ask = () =>
      fetchOf()(`${server.url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify(ASKED) }).then(
        async (response) => [response.status, await response.text()],
      );
    const answers = await Promise.all([ask(), ask(), ask()]);
    expect(answers).toEqual(Array.from({ length: 3 }, () => [reply.status ?? 200, body]));
    expect(models.getStats()).toMatchObject({ stored: 0, hits: 0 });
  });

  it('ends the connection of an answer that is no text when its caller leaves', async () => {
    const held = { after: 1, until: new Promise(() => undefined) };
    server.reply = () => ({ events: ['a', 'b'], held, headers: { 'content-type': 'audio/mpeg' } });
    const controller = new AbortController();
    const init = { method: 'POST', body: JSON.stringify(ASKED), signal: controller.signal };
    const response = await fetchOf()(`${server.url}/v1/chat/completions`, init);
    controller.abort();
    await expect(response.text()).rejects.toThrow();
    await eventually(() => server.requests[0]?.left, { what: 'the connection to be closed' });
  });

  it('reads bytes that are no text as everybody does, and fails nobody', async () => {
    const bytes = Buffer.concat([Buffer.from('{"a":"'), Buffer.from([0xff]), Buffer.from('"}')]);
    const fetch = fetchOf({ fetch: () => Promise.resolve(new Response(bytes, { headers: JSON_TYPE })) });
    const response = await fetch('http://model/v1/chat/completions', { method: 'POST', body: JSON.stringify(ASKED) });
    expect(await response.text()).toBe(await new Response(bytes).text());
  });

  it('lets nobody pay for the wrong key of another', async () => {
    server.reply = ({ headers }) =>
      headers.authorization === 'Bearer good'
        ? { json: chat.json('yes') }
        : { status: 401, json: { error: { message: 'who are you' } } };
    const asked = ['bad', 'good', 'bad'].map((apiKey) => openai({}, { apiKey }).chat.completions.create(ASKED));
    const [first, second, third] = await Promise.allSettled(asked);
    expect(first).toMatchObject({ status: 'rejected', reason: { status: 401 } });
    expect(second).toMatchObject({ status: 'fulfilled' });
    expect(third).toMatchObject({ status: 'rejected', reason: { status: 401 } });
  });

  it.each<[string, ServerReply]>([
    ['429', { status: 429, json: {} }],
    ['503', { status: 503, json: {} }],
    ['silence', { json: {}, held: { after: 0, until: new Promise(() => undefined) } }],
    ['a broken connection', { events: [], breaks: true }],
  ])('gives an expired answer for %s, if it may; what is wrong with the request is told', async (_, bad) => {
    const ask = (patience = {}) =>
      openai({ ttl: '1ms', staleIfError: '1h', ...patience })
        .chat.completions.create(ASKED)
        .withResponse();
    server.reply = () => ({ json: chat.json('yesterday') });
    await ask();
    await new Promise((resolve) => setTimeout(resolve, 5)); // until the TTL is over
    server.reply = () => bad;
    const { data, response } = await ask({ responseTimeout: 100 });
    expect(data.choices[0]?.message.content).toBe('yesterday');
    expect(response.headers.get('x-mobius-cache')).toBe('stale');
    for (const status of [400, 401, 403, 404]) {
      server.reply = () => ({ status, json: { error: { message: 'no' } } });
      await expect(ask()).rejects.toMatchObject({ status });
    }
  });

  it('does what a request says in cache-control', async () => {
    server.reply = () => ({ json: chat.json('yes') });
    const ask = (control: string) => openai().chat.completions.create(ASKED, { headers: { 'cache-control': control } });
    await expect(ask('only-if-cached')).rejects.toMatchObject({ status: 504, code: 'CACHE_MODEL_NOT_CACHED' });
    await ask('no-store');
    await ask('max-age=60, something-new');
    expect(server.requests).toHaveLength(2);
    await ask('max-age=60');
    await ask('only-if-cached');
    expect(server.requests).toHaveLength(2);
    await ask('no-cache');
    await ask('max-age=0');
    expect(server.requests).toHaveLength(4);
  });

  it('needs to know whose answers these are', async () => {
    expect(() => cachedFetch(models, {} as never)).toThrow(/workspaceId: expected whose answers these are/);
    expect(() => cachedFetch(models, { workspaceId: 'w1', vari: [] } as never)).toThrow(/did you mean 'vary'/);
    expect(() => fetchOf({ pace: { partsPerSecond: 0 } })).toThrow(/pace: expected 'none', 'recorded', or/);
    const fetch = fetchOf({ workspaceId: ({ headers }) => headers.get('x-workspace') ?? undefined });
    const ask = (headers: Record<string, string>) =>
      fetch(`${server.url}/v1/chat/completions`, { method: 'POST', body: JSON.stringify(ASKED), headers });
    await expect(ask({})).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    expect(server.requests).toHaveLength(0);
    server.reply = () => ({ json: chat.json('yes') });
    for (const workspace of ['w1', 'w2', 'w1']) expect((await ask({ 'x-workspace': workspace })).status).toBe(200);
    expect(server.requests).toHaveLength(2);
  });
});
