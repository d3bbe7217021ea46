import { generatedMetadata } from './ai-sdk/answer-metadata.js';
import { describe as describeBody, protocolOf } from './fetch/protocols.js';
import { metadataOf, type Reply } from './judgement.js';

const WHOLE: Reply = { texts: ['yes'], finishReason: 'stop', toolCalls: [], more: false };
const COUNTED = { tokens: 15, usage: { input: 6, cachedInput: 4, output: 5 } };

describe('what the cache is told of an answer', () => {
  it.each([
    ['v3', { inputTokens: { total: 10, cacheRead: 4 }, outputTokens: { total: 5 } }],
    ['v2', { inputTokens: 10, cachedInputTokens: 4, outputTokens: 5, totalTokens: 15 }],
  ])('has the tokens by kind, of the AI SDK %s', (_, usage) => {
    const answer = { content: [{ type: 'text', text: 'yes' }], finishReason: 'stop', usage };
    expect(generatedMetadata(answer, false)).toEqual({ ...COUNTED, finishReason: 'stop' });
  });

  it.each([
    ['stop', 'end_turn', 'stop'],
    ['stop', undefined, 'stop'],
    ['stop', 'pause_turn', 'pause_turn'],
    ['length', 'max_tokens', 'length'],
  ])('has the reason to end, %s, unless the provider (%s) means to go on', (unified, raw, finishReason) => {
    const answer = { content: [{ type: 'text', text: 'yes' }], finishReason: { unified, raw }, usage: {} };
    expect(generatedMetadata(answer, false)).toMatchObject({ finishReason });
  });

  const openai = {
    prompt_tokens: 10,
    prompt_tokens_details: { cached_tokens: 4 },
    completion_tokens: 5,
    total_tokens: 15,
  };
  const responses = {
    input_tokens: 10,
    input_tokens_details: { cached_tokens: 4 },
    output_tokens: 5,
    total_tokens: 15,
  };
  const anthropic = { input_tokens: 4, cache_creation_input_tokens: 2, cache_read_input_tokens: 4, output_tokens: 5 };
  it.each([
    ['/v1/chat/completions', openai],
    ['/v1/completions', openai],
    ['/v1/responses', responses],
    ['/v1/messages', anthropic],
  ])('has the tokens by kind, of %s', (path, usage) => {
    const protocol = protocolOf(path);
    const text = JSON.stringify({ usage });
    expect(protocol && describeBody(protocol, { body: {}, text, events: false })).toMatchObject(COUNTED);
  });

  it.each([NaN, -1, 1.5, Infinity, undefined, '7' as unknown as number])('leaves out a count of %p', (count) => {
    const tokens = { input: count, cachedInput: 1, output: 2 };
    expect(metadataOf({ ...WHOLE, tokens }, false)).toEqual({
      ...{ tokens: 3, usage: { cachedInput: 1, output: 2 }, finishReason: 'stop' },
    });
    expect(metadataOf({ ...WHOLE, tokens: { input: count } }, false)).toEqual({ finishReason: 'stop' });
    if (count !== undefined)
      expect(metadataOf({ ...WHOLE, tokens: { total: count } }, false)).not.toHaveProperty('tokens');
  });

  it('judges JSON only where it was asked for, and nothing beside tools and files', () => {
    expect(metadataOf({ ...WHOLE, texts: ['{'] }, true)).toMatchObject({ json: true, refusal: 'invalid-json' });
    expect(metadataOf({ ...WHOLE, texts: ['{}', '{'] }, true)).toMatchObject({ refusal: 'invalid-json' });
    for (const reply of [{ texts: ['{}'] }, { texts: [''], more: true }, { texts: [''], toolCalls: ['weather'] }])
      expect(metadataOf({ ...WHOLE, ...reply }, true)).not.toHaveProperty('refusal');
    expect(metadataOf({ ...WHOLE, asksApproval: true }, false)).toMatchObject({ refusal: 'tool-calls' });
  });
});
