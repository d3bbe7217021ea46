import { once } from 'node:events';
import type { Request, Response } from 'express';

/** Whether the client asks for events: `Accept: text/event-stream`. */
export const wantsEvents = (request: Request): boolean =>
  request.accepts(['json', 'text/event-stream']) === 'text/event-stream';

/** Aborts when the client has gone. */
export function untilGone(response: Response): AbortSignal {
  const gone = new AbortController();
  response.on('close', () => gone.abort());
  return gone.signal;
}

/**
 * Sends events as they come, and not faster than the client takes them. What fails on the way is told as an event `error`: the status was
 * sent long before.
 */
export async function sendEvents<T extends { readonly type: string }>(
  response: Response,
  events: AsyncIterable<T>,
  { gone, explain }: { readonly gone: AbortSignal; readonly explain: (error: unknown) => string },
): Promise<void> {
  response.set({ 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-store' });
  response.flushHeaders();
  const send = async (type: string, data: unknown): Promise<void> => {
    if (!response.write(`event: ${type}\ndata: ${JSON.stringify(data)}\n\n`))
      await once(response, 'drain', { signal: gone });
  };
  try {
    for await (const { type, ...data } of events) await send(type, data);
  } catch (error) {
    if (!gone.aborted) await send('error', { message: explain(error) }).catch(() => undefined);
  } finally {
    response.end();
  }
}
