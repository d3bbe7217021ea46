import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { Channel } from './channel.js';

interface Events {
  hit: { key: string };
  miss: number;
}

function setUp() {
  const onListenerError = jest.fn();
  return { channel: new Channel<Events>({ onListenerError }), onListenerError };
}

const broken = (): never => {
  throw new TypeError('broken');
};

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('Channel', () => {
  it('tells listeners of their event in the order they came, with one payload', () => {
    const { channel } = setUp();
    const calls: unknown[] = [];
    channel.on('hit', (payload) => void calls.push(['a', payload]));
    channel.on('hit', (payload) => void calls.push(['b', payload]));
    channel.on('miss', (payload) => void calls.push(['c', payload]));
    const build = jest.fn(() => ({ key: 'k' }));
    channel.emit('hit', build);
    expect(calls).toEqual([
      ['a', { key: 'k' }],
      ['b', { key: 'k' }],
    ]);
    expect(build).toHaveBeenCalledTimes(1);
  });

  it('builds nothing when nobody listens', () => {
    const { channel } = setUp();
    const build = jest.fn(() => 1);
    channel.on('hit', () => undefined);
    channel.on('miss', () => undefined)();
    channel.emit('miss', build);
    expect(build).not.toHaveBeenCalled();
  });

  it('knows whether anybody listens', () => {
    const { channel } = setUp();
    expect(channel.has('hit')).toBe(false);
    const stops = [channel.on('hit', () => undefined), channel.once('hit', () => undefined)];
    expect(channel.has('hit')).toBe(true);
    expect(channel.has('miss')).toBe(false);
    stops[0]!();
    expect(channel.has('hit')).toBe(true);
    stops[1]!();
    expect(channel.has('hit')).toBe(false);
  });

  it('treats the same function subscribed twice as two subscriptions, each ended once', () => {
    const { channel } = setUp();
    const listener = jest.fn();
    const stop = channel.on('miss', listener);
    channel.on('miss', listener);
    stop();
    stop();
    channel.emit('miss', () => 1);
    expect(listener).toHaveBeenCalledTimes(1);
  });

  it('calls a once listener once, also when it emits the event again', () => {
    const { channel } = setUp();
    const first = jest.fn(() => channel.emit('miss', () => 2));
    channel.once('miss', first);
    channel.emit('miss', () => 1);
    expect(first.mock.calls).toEqual([[1]]);
    expect(channel.has('miss')).toBe(false);
  });

  it('calls a once listener once when another listener before it emits again', () => {
    const { channel } = setUp();
    const once = jest.fn();
    channel.on('miss', (depth) => {
      if (depth === 1) channel.emit('miss', () => 2);
    });
    channel.once('miss', once);
    channel.emit('miss', () => 1);
    expect(once.mock.calls).toEqual([[2]]);
  });

  it('can call a once listener off', () => {
    const { channel } = setUp();
    const listener = jest.fn();
    channel.once('miss', listener)();
    channel.emit('miss', () => 1);
    expect(listener).not.toHaveBeenCalled();
  });

  it('does not call a listener that was removed by one before it, nor one that was added', () => {
    const { channel } = setUp();
    const [removed, added] = [jest.fn(), jest.fn()];
    channel.once('miss', () => {
      stop();
      channel.on('miss', added);
    });
    const stop = channel.on('miss', removed);
    channel.emit('miss', () => 1);
    expect(removed).not.toHaveBeenCalled();
    expect(added).not.toHaveBeenCalled();
    channel.emit('miss', () => 2);
    expect(added.mock.calls).toEqual([[2]]);
  });

  it('keeps an error of a listener from the emitter and the other listeners', () => {
    const { channel, onListenerError } = setUp();
    const after = jest.fn();
    channel.on('miss', broken);
    channel.on('miss', after);
    channel.emit('miss', () => 1);
    expect(after).toHaveBeenCalledTimes(1);
    expect(onListenerError.mock.calls).toEqual([[new TypeError('broken'), 'miss']]);
  });

  it('reports the rejection of an asynchronous listener instead of leaving it unhandled', async () => {
    const { channel, onListenerError } = setUp();
    channel.on('miss', async () => broken());
    channel.emit('miss', () => 1);
    await turn();
    expect(onListenerError.mock.calls).toEqual([[new TypeError('broken'), 'miss']]);
  });

  it('does not mind what a listener returns', async () => {
    const { channel, onListenerError } = setUp();
    for (const value of [null, 5, {}, Promise.resolve(5)]) channel.on('miss', () => value as unknown as undefined);
    channel.emit('miss', () => 1);
    await turn();
    expect(onListenerError).not.toHaveBeenCalled();
  });

  it('reports a payload that cannot be built: watching does not change the work', () => {
    const { channel, onListenerError } = setUp();
    const listener = jest.fn();
    channel.on('miss', listener);
    channel.emit('miss', broken);
    expect(listener).not.toHaveBeenCalled();
    expect(onListenerError).toHaveBeenCalledTimes(1);
  });

  describe('with process warnings', () => {
    const emitWarning = jest.spyOn(process, 'emitWarning');
    beforeEach(() => emitWarning.mockReset().mockImplementation(() => undefined));
    afterAll(() => emitWarning.mockRestore());

    it('warns by default', () => {
      const channel = new Channel<Events>();
      channel.on('hit', broken);
      channel.emit('hit', () => ({ key: 'k' }));
      expect(emitWarning).toHaveBeenCalledWith(
        expect.stringContaining("'hit'"),
        expect.objectContaining({ type: 'ListenerWarning', detail: expect.stringContaining('TypeError: broken') }),
      );
    });

    it('warns when the error handler itself fails', () => {
      const channel = new Channel<Events>({ onListenerError: broken });
      channel.on('miss', broken);
      expect(() => channel.emit('miss', () => 1)).not.toThrow();
      expect(emitWarning).toHaveBeenCalledTimes(1);
    });

    it.each([[undefined], [null], ['text'], [Object.create(null)], [Symbol('s')]])('survives a thrown %p', (thrown) => {
      const channel = new Channel<Events>();
      channel.on('miss', () => {
        throw thrown;
      });
      expect(() => channel.emit('miss', () => 1)).not.toThrow();
      expect(emitWarning).toHaveBeenCalledTimes(1);
    });
  });

  describe('that publishes', () => {
    const publish = { prefix: 'test:channel', origin: { emitter: 'one' } };
    const messages: unknown[] = [];
    const listen = (message: unknown): void => void messages.push(message);
    afterEach(() => {
      messages.length = 0;
      unsubscribe('test:channel:hit', listen);
    });

    it('tells subscribers of the process, with where it comes from', () => {
      const channel = new Channel<Events>({ publish });
      channel.emit('hit', () => ({ key: 'before' }));
      subscribe('test:channel:hit', listen);
      channel.emit('hit', () => ({ key: 'a' }));
      expect(messages).toEqual([{ emitter: 'one', key: 'a' }]);
    });

    it('builds nothing, and has nobody, while nobody listens in either way', () => {
      const channel = new Channel<Events>({ publish });
      const build = jest.fn(() => ({ key: 'a' }));
      channel.emit('hit', build);
      expect(build).not.toHaveBeenCalled();
      expect(channel.has('hit')).toBe(false);
      subscribe('test:channel:hit', listen);
      expect(channel.has('hit')).toBe(true);
    });
  });
});
