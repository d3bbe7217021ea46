import Anthropic from '@anthropic-ai/sdk';
import OpenAI from 'openai';
import { cachedFetch, type CachedFetchOptions } from '@mobius1/cache/fetch';
import type { ModelCache } from '@mobius1/cache/standalone';
import { ModelServer } from '../support/model-server.js';
import { closeModels, createModels } from './models.js';

export const ASKED = { model: 'gpt-mock', messages: [{ role: 'user' as const, content: '¿Qué es el NIE?' }] };
export const CLAUDE = { ...ASKED, model: 'claude-mock', max_tokens: 100 };

/** SDKs that ask a server of the test through a fetch that keeps answers. */
export class FetchClients {
  readonly models: ModelCache = createModels();

  private constructor(readonly server: ModelServer) {}

  static async start(): Promise<FetchClients> {
    return new FetchClients(await ModelServer.start());
  }

  async stop(): Promise<void> {
    await closeModels();
    await this.server.stop();
  }

  fetchOf(options: Partial<CachedFetchOptions> = {}): typeof fetch {
    return cachedFetch(this.models, { workspaceId: 'w1', ...options });
  }

  openai(options: Partial<CachedFetchOptions> = {}, more: object = {}): OpenAI {
    const baseURL = `${this.server.url}/v1`;
    return new OpenAI({ apiKey: 'k', baseURL, maxRetries: 0, fetch: this.fetchOf(options), ...more });
  }

  anthropic(options: Partial<CachedFetchOptions> = {}): Anthropic {
    return new Anthropic({ apiKey: 'k', baseURL: this.server.url, maxRetries: 0, fetch: this.fetchOf(options) });
  }
}

/** The text of all parts of a stream. */
export async function wordsOf<T>(
  stream: AsyncIterable<T>,
  word: (part: T) => string | null | undefined,
): Promise<string> {
  let text = '';
  for await (const part of stream) text += word(part) ?? '';
  return text;
}
