import { FakeListChatModel } from '@langchain/core/utils/testing';
import { cachedFetch } from '@mobius1/cache/fetch';
import { LangChainCache } from '@mobius1/cache/langchain';
import { chat, ModelServer } from '../support/model-server.js';
import { eventually } from '../support/eventually.js';
import { closeModels, createTwo } from './models.js';
import { VERSIONS } from './sdk-versions.js';

const ENCRYPTION = { keys: { k1: Buffer.alloc(32, 7) }, current: 'k1' };

const twoProcesses = () => createTwo({ encryption: ENCRYPTION });

describe('what one process has kept, another gives as it was', () => {
  afterEach(closeModels);

  it.each(VERSIONS)('%s', async (_, { sdk, language, embedding }) => {
    const [here, there] = await twoProcesses();
    const options = { workspaceId: 'w1' };
    const ask = async (models: typeof here) => {
      const { model, calls } = language(models, () => ({ text: 'word by word' }), options);
      const whole = await sdk.generateText({ model, prompt: 'what?' });
      const stream = sdk.streamText({ model, prompt: 'what?' });
      const text = await stream.text;
      const { id, timestamp, modelId } = await stream.response;
      const embedded = embedding(models, () => [[0.1, 0.2]], options);
      const vector = await sdk.embed({ model: embedded.model, value: 'what?' });
      return {
        answers: {
          ...{ whole: [whole.text, whole.response.timestamp, whole.usage], stream: [text, id, timestamp, modelId] },
          ...{ usage: await stream.usage, vector: vector.embedding },
        },
        calls: [calls.generate.length, calls.stream.length, embedded.calls.length],
        hits: [whole.providerMetadata, await stream.providerMetadata, vector.providerMetadata].map(
          (metadata) => metadata?.mobius?.hit,
        ),
      };
    };
    const first = await ask(here);
    await eventually(() => here.getStats().stored === 3, { what: 'three answers to be stored' });
    const second = await ask(there);
    expect(second.answers).toEqual(first.answers);
    expect(second.answers.stream[2]).toEqual(new Date(0));
    expect([first.calls, second.calls]).toEqual([
      [1, 1, 1],
      [0, 0, 0],
    ]);
    expect([first.hits, second.hits]).toEqual([
      ['none', 'none', 'none'],
      ['exact', 'exact', 'exact'],
    ]);
  });

  it('fetch', async () => {
    const [here, there] = await twoProcesses();
    const server = await ModelServer.start();
    try {
      server.reply = () => ({ events: chat.events(['¿', 'qué', '?']) });
      const body = JSON.stringify({ model: 'gpt-mock', stream: true, messages: [{ role: 'user', content: 'what?' }] });
      const ask = async (models: typeof here) => {
        const fetch = cachedFetch(models, { workspaceId: 'w1' });
        const response = await fetch(`${server.url}/v1/chat/completions`, { method: 'POST', body });
        return { text: await response.text(), hit: response.headers.get('x-mobius-cache') };
      };
      const first = await ask(here);
      await eventually(() => here.getStats().stored === 1, { what: 'the answer to be stored' });
      expect(await ask(there)).toEqual({ text: first.text, hit: 'exact' });
      expect(server.requests).toHaveLength(1);
    } finally {
      await server.stop();
    }
  });

  it('LangChain', async () => {
    const [here, there] = await twoProcesses();
    const ask = (models: typeof here, response: string) =>
      new FakeListChatModel({ responses: [response], cache: new LangChainCache(models, { workspaceId: 'w1' }) }).invoke(
        'what?',
      );
    expect([(await ask(here, 'one')).content, (await ask(there, 'two')).content]).toEqual(['one', 'one']);
  });
});
