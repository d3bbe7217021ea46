import { AIMessage, type AIMessageFields, HumanMessage, SystemMessage } from '@langchain/core/messages';
import type { ToolCall } from '@langchain/core/messages/tool';
import type { ChatResult } from '@langchain/core/outputs';
import { FakeListChatModel, FakeLLM, FakeStreamingChatModel } from '@langchain/core/utils/testing';
import { LangChainCache } from '@mobius1/cache/langchain';
import type { ModelCache } from '@mobius1/cache/standalone';
import { settingsOf } from '../../libs/cache/src/plugs/langchain/llm-key.js';
import { closeModels, createModels } from './models.js';

/** A message of a model, as providers write it. */
interface Answered {
  readonly content: string | readonly object[];
  readonly response_metadata?: object;
  readonly additional_kwargs?: object;
  readonly tool_calls?: ToolCall[];
}

/** Counts what it is asked, has a name and settings as real models have, and ends as the test says. */
class CountedChatModel extends FakeListChatModel {
  asked = 0;
  settings: Record<string, unknown> = { model: 'fake-1' };
  message: (text: string) => AIMessage = (text) => new AIMessage(text);

  override _identifyingParams(): Record<string, unknown> {
    return this.settings;
  }

  override async _generate(...args: Parameters<FakeListChatModel['_generate']>): Promise<ChatResult> {
    this.asked++;
    const { generations } = await super._generate(...args);
    return { generations: generations.map(({ text }) => ({ text, message: this.message(text) })) };
  }
}

function chat(models: ModelCache, options: { workspaceId?: string; settings?: Record<string, unknown> } = {}) {
  const cache = new LangChainCache(models, { workspaceId: options.workspaceId ?? 'w1' });
  const model = new CountedChatModel({ responses: ['one', 'two', 'three'], cache });
  if (options.settings) model.settings = options.settings;
  return model;
}

describe('LangChainCache', () => {
  afterEach(closeModels);

  it('answers a chat model once for all who ask the same, one after the other', async () => {
    const models = createModels();
    const model = chat(models);
    model.message = (text) =>
      new AIMessage({
        ...{ content: text, id: 'm1', response_metadata: { finish_reason: 'stop' } },
        usage_metadata: { input_tokens: 7, output_tokens: 3, total_tokens: 10 },
      });
    for (let i = 0; i < 20; i++) {
      const answer = await model.invoke('what?');
      expect(answer).toBeInstanceOf(AIMessage);
      expect(answer).toMatchObject({ content: 'one', id: 'm1', response_metadata: { finish_reason: 'stop' } });
    }
    expect(model.asked).toBe(1);
    expect(models.getStats()).toMatchObject({ hits: 19, tokensAvoided: 190 });
  });

  it('works for models of texts, and for those that stream', async () => {
    const models = createModels();
    const cache = new LangChainCache(models, { workspaceId: 'w1' });
    const llm = new FakeLLM({ response: 'a text', cache });
    expect([await llm.invoke('what?'), await llm.invoke('what?')]).toEqual(['a text', 'a text']);
    const streaming = new FakeStreamingChatModel({ responses: [new AIMessage('streamed')], sleep: 0, cache });
    for (let i = 0; i < 2; i++) expect(await streaming.invoke('what?')).toMatchObject({ content: 'streamed' });
    expect(models.getStats()).toMatchObject({ hits: 2, stored: 2 });
  });

  it('keeps apart models, workspaces, settings, calls and messages', async () => {
    const models = createModels();
    const ask: (() => Promise<{ content: unknown }>)[] = [
      () => chat(models).invoke('what?'),
      () => chat(models, { workspaceId: 'w2' }).invoke('what?'),
      () => chat(models, { settings: { model: 'fake-2' } }).invoke('what?'),
      () => chat(models, { settings: { model: 'fake-1', temperature: 0.5 } }).invoke('what?'),
      () => chat(models).invoke('what?', { stop: ['one'] }),
      () => chat(models).invoke([new SystemMessage('Be brief.'), new HumanMessage('what?')]),
    ];
    for (const one of ask) await one();
    expect(models.getStats()).toMatchObject({ hits: 0, stored: ask.length });
    for (const one of ask) await one();
    expect(models.getStats()).toMatchObject({ hits: ask.length, stored: ask.length });
  });

  it('takes for the same what only changes how an answer is fetched', async () => {
    const models = createModels();
    const model = chat(models);
    await model.invoke('what?');
    await model.invoke('what?', { signal: new AbortController().signal, timeout: 60_000, metadata: { trace: '1' } });
    model.settings = { model: 'fake-1', headers: { 'user-agent': 'langchain/9' } };
    await model.invoke('what?');
    expect(model.asked).toBe(1);
  });

  it.each([
    ['image_url', { image_url: { url: 'data:image/png;base64,AAAA' } }],
    ['image', { data: 'AAAA', mime_type: 'image/png' }],
    ['audio', { data: 'AAAA', mime_type: 'audio/wav' }],
    ['file', { data: 'AAAA', mime_type: 'application/pdf' }],
    ['document', { source: { type: 'url', url: 'https://example.com/a.pdf' } }],
  ])('is passed by prompts with more than text: %s', async (type, part) => {
    const models = createModels();
    const model = chat(models);
    const question = new HumanMessage({
      content: [
        { type: 'text', text: 'what is it?' },
        { type, ...part },
      ] as never,
    });
    expect([(await model.invoke([question])).content, (await model.invoke([question])).content]).toEqual([
      'one',
      'two',
    ]);
    expect(models.getStats()).toMatchObject({ hits: 0, misses: 0, stored: 0 });
  });

  it.each<[reason: string, fields: Answered]>([
    ['unfinished', { content: 'cut o', response_metadata: { finish_reason: 'length' } }],
    ['unfinished', { content: 'cut o', response_metadata: { stop_reason: 'max_tokens' } }],
    ['content-filter', { content: 'no', response_metadata: { finish_reason: 'content_filter' } }],
    ['unfinished', { content: 'cut o', response_metadata: { done_reason: 'length' } }],
    ['unfinished', { content: 'cut o', response_metadata: { messageStop: { stopReason: 'max_tokens' } } }],
    ['unfinished', { content: 'cut o', response_metadata: { status: 'incomplete' } }],
    [
      'unfinished',
      {
        content: 'cut o',
        response_metadata: { status: 'incomplete', incomplete_details: { reason: 'max_output_tokens' } },
      },
    ],
    ['content-filter', { content: 'no', additional_kwargs: { refusal: 'I will not.' } }],
    ['tool-calls', { content: '', tool_calls: [{ name: 'pay', args: {}, id: '1' }] }],
    [
      'tool-calls',
      {
        content: [
          { type: 'text', text: 'Let me see.' },
          { type: 'server_tool_use', name: 'web_search' },
        ],
      },
    ],
    ['tool-calls', { content: [{ type: 'text', text: 'Let me see.' }, { type: 'web_search_call' }] }],
    ['tool-calls', { content: 'So it is.', additional_kwargs: { tool_outputs: [{ type: 'web_search_call' }] } }],
    ['empty', { content: '' }],
  ])('does not keep an answer that is not whole: %s', async (reason, fields) => {
    const models = createModels();
    const model = chat(models);
    model.responses = [typeof fields.content === 'string' ? fields.content : ''];
    model.message = () => new AIMessage(fields as AIMessageFields);
    await model.invoke('what?');
    await model.invoke('what?');
    expect(model.asked).toBe(2);
    expect(models.getStats().refused).toEqual({ [reason]: 2 });
  });

  it('keeps several answers only when each of them is whole', async () => {
    const models = createModels();
    const cache = new LangChainCache(models, { workspaceId: 'w1' });
    const answers = (...reasons: string[]) =>
      reasons.map((stop_reason) => ({ text: 'an answer', generationInfo: { stop_reason } }));
    await cache.update('what?', 'n:2', answers('end_turn', 'max_tokens'));
    expect(await cache.lookup('what?', 'n:2')).toBeNull();
    await cache.update('what?', 'n:2', answers('end_turn', 'stop_sequence'));
    expect(await cache.lookup('what?', 'n:2')).toHaveLength(2);
    expect(models.getStats()).toMatchObject({ stored: 1, refused: { unfinished: 1 } });
  });

  it('does not keep what failed', async () => {
    const models = createModels();
    const model = chat(models);
    await expect(model.invoke('what?', { thrownErrorString: 'overloaded' })).rejects.toThrow('overloaded');
    expect(models.getStats()).toMatchObject({ stored: 0 });
  });

  it('gives everybody an answer of its own, which LangChain may change', async () => {
    const models = createModels();
    const model = chat(models);
    await model.invoke('what?');
    const [one, two] = [await model.invoke('what?'), await model.invoke('what?')];
    one.content = 'changed';
    expect(two.content).toBe('one');
    expect((await model.invoke('what?')).content).toBe('one');
  });

  it('never loses an answer, and fails no call, whatever is wrong with the cache', async () => {
    const fails = () => Promise.reject(new Error('the cache is broken'));
    const broken: unknown = new Proxy({}, { get: () => fails });
    const model = chat(broken as ModelCache);
    expect(await model.invoke('what?')).toMatchObject({ content: 'one' });
    expect(await model.invoke('what?')).toMatchObject({ content: 'two' });
  });

  it('needs to know whose answers these are', async () => {
    const models = createModels();
    expect(() => new LangChainCache(models, {} as never)).toThrow(/workspaceId: expected whose answers these are/);
    const cache = new LangChainCache(models, { workspaceId: () => undefined });
    const model = new CountedChatModel({ responses: ['one'], cache });
    await expect(model.invoke('what?')).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    expect(model.asked).toBe(0);
  });
});

describe('what LangChain tells of a model', () => {
  it('is read as it is written', () => {
    const settings = {
      ...{ model: 'gpt:5', stop: ['a,b', '"}'], temperature: 0, tools: [{ name: 'x', schema: { a: '\\"' } }] },
      ...{ none: null, 'with space': true },
    };
    const written = Object.entries(settings).map(([name, value]) => `${name}:${JSON.stringify(value)}`);
    expect(settingsOf(written.sort().join(','))).toEqual(settings);
    expect(settingsOf('')).toEqual({});
    expect(settingsOf('fetch:undefined,model:"gpt-5",undefined:1')).toEqual({ model: 'gpt-5', undefined: 1 });
  });

  it.each(['model', 'model:', 'model:gpt-5', 'model:"gpt', 'a:1,b'])('is not guessed from %s', (text) => {
    expect(settingsOf(text)).toBeUndefined();
  });
});
