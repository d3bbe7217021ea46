import OpenAI from 'openai';
import { eventually } from '../support/eventually.js';
import { chat, type ModelServer } from '../support/model-server.js';
import { ASKED, FetchClients, wordsOf } from './fetch-clients.js';

describe('a stream through a fetch that keeps answers', () => {
  let clients: FetchClients;
  let server: ModelServer;
  const WORDS = ['uno ', 'dos ', 'tres ', 'cuatro'];
  let open!: (value: unknown) => void;
  const read = (signal?: AbortSignal) =>
    clients.openai().chat.completions.create({ ...ASKED, stream: true }, signal === undefined ? {} : { signal });

  beforeEach(async () => {
    clients = await FetchClients.start();
    ({ server } = clients);
    const until = new Promise((resolve) => (open = resolve));
    server.reply = () => ({ events: chat.events(WORDS), held: { after: 2, until } });
  });
  afterEach(async () => {
    open(undefined);
    await clients.stop();
  });

  /** Reads one part and no more. */
  async function leave(stream: AsyncIterable<unknown> | undefined): Promise<void> {
    const reader = stream?.[Symbol.asyncIterator]();
    await reader?.next();
    await reader?.return?.();
  }

  it('is asked for once by ten; each is told the first words before the last are there', async () => {
    const streams = await Promise.all(Array.from({ length: 10 }, () => read()));
    const readers = streams.map((stream) => stream[Symbol.asyncIterator]());
    for (const reader of readers) {
      const { value } = await reader.next();
      expect(value?.choices[0]?.delta.content).toBe('uno ');
    }
    open(undefined);
    for (const reader of readers) {
      let text = 'uno ';
      for (let next = await reader.next(); !next.done; next = await reader.next())
        text += next.value.choices[0]?.delta.content ?? '';
      expect(text).toBe('uno dos tres cuatro');
    }
    expect(server.requests).toHaveLength(1);
  });

  it('lets one leave without harm for the others, the one who asked first included', async () => {
    const controller = new AbortController();
    const first = await read(controller.signal);
    const others = await Promise.all([read(), read()]);
    await first[Symbol.asyncIterator]().next();
    controller.abort();
    const [leaves, stays] = others;
    await leave(leaves);
    open(undefined);
    expect(await wordsOf(stays, (part) => part.choices[0]?.delta.content)).toBe('uno dos tres cuatro');
    expect(server.requests).toMatchObject([{ left: false }]);
    expect(
      (
        await clients
          .openai()
          .chat.completions.create({ ...ASKED, stream: true })
          .withResponse()
      ).response.headers.get('x-mobius-cache'),
    ).toBe('exact');
  });

  it('ends with its connection when all have left, read or not', async () => {
    const controller = new AbortController();
    const streams = [await read(controller.signal), await read(), await read()];
    await leave(streams[1]);
    streams[2]?.controller.abort();
    expect(server.requests[0]?.left).toBe(false);
    controller.abort();
    await eventually(() => server.requests[0]?.left, { what: 'the connection to be closed' });
    expect(clients.models.getStats()).toMatchObject({ stored: 0 });
  });

  it('ends, too, when nobody has read a byte', async () => {
    const response = await clients.fetchOf()(`${server.url}/v1/chat/completions`, {
      ...{ method: 'POST', body: JSON.stringify({ ...ASKED, stream: true }) },
    });
    await response.body?.cancel();
    await eventually(() => server.requests[0]?.left, { what: 'the connection to be closed' });
  });

  it('lets one who waits for the first byte leave', async () => {
    server.reply = () => ({ events: chat.events(WORDS), held: { after: 0, until: new Promise(() => undefined) } });
    const controller = new AbortController();
    const waiting = read(controller.signal);
    await eventually(() => server.requests.length === 1, { what: 'the request' });
    controller.abort();
    await expect(waiting).rejects.toBeInstanceOf(OpenAI.APIUserAbortError);
    await eventually(() => server.requests[0]?.left, { what: 'the connection to be closed' });
  });
});
