import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';

export interface ProxyTarget {
  /** @default 127.0.0.1 */
  readonly host?: string;
  readonly port: number;
}

interface Weather {
  delayMs: number;
  bytesPerSecond: number;
  frozen: boolean;
  cut: boolean;
}

const CALM: Weather = { delayMs: 0, bytesPerSecond: Infinity, frozen: false, cut: false };
// A slow line lets through a hundredth of its bytes per second at a time.
const SLICES_PER_SECOND = 100;

/** The bytes of one direction of one connection, in order; `undefined` is the end of the stream. */
class Direction {
  readonly #queue: { chunk: Buffer | undefined; due: number }[] = [];
  readonly #weather: Weather;
  readonly #target: Socket;
  #timer: NodeJS.Timeout | undefined;

  constructor(source: Socket, target: Socket, weather: Weather) {
    this.#target = target;
    this.#weather = weather;
    source.on('data', (chunk: Buffer) => this.#push(chunk));
    source.on('close', () => this.#push(undefined));
    source.on('error', () => undefined); // 'close' follows
  }

  #push(chunk: Buffer | undefined): void {
    this.#queue.push({ chunk, due: Date.now() + this.#weather.delayMs });
    this.flow();
  }

  flow(): void {
    if (this.#timer !== undefined) return;
    for (let next = this.#queue[0]; next !== undefined && !this.#weather.frozen; next = this.#queue[0]) {
      const early = next.due - Date.now();
      if (early > 0) {
        this.#later(early);
        return;
      }
      const { chunk } = next;
      const slice = Math.max(1, Math.floor(this.#weather.bytesPerSecond / SLICES_PER_SECOND));
      if (chunk !== undefined && chunk.length > slice) {
        this.#target.write(chunk.subarray(0, slice));
        next.chunk = chunk.subarray(slice);
        this.#later(1_000 / SLICES_PER_SECOND);
        return;
      }
      this.#queue.shift();
      if (chunk === undefined) this.#target.end();
      else this.#target.write(chunk);
    }
  }

  #later(ms: number): void {
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.flow();
    }, ms);
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#queue.length = 0;
  }
}

interface Line {
  readonly sockets: readonly [Socket, Socket];
  readonly directions: readonly [Direction, Direction];
}

/** A TCP line between a client and a server of a test, which can be made bad. */
export class TcpProxy {
  readonly host = '127.0.0.1';
  readonly #server: Server;
  readonly #weather: Weather = { ...CALM };
  readonly #lines = new Set<Line>();
  #target: ProxyTarget;

  private constructor(server: Server, target: ProxyTarget) {
    this.#server = server;
    this.#target = target;
    server.on('connection', (client) => this.#accept(client, this.#target));
  }

  static async start(target: ProxyTarget): Promise<TcpProxy> {
    const server = createServer();
    const proxy = new TcpProxy(server, target);
    server.listen(0, proxy.host);
    await once(server, 'listening');
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  /** Connections that are open now. */
  get connections(): number {
    return this.#lines.size;
  }

  /** Every byte takes so much longer, in each direction. */
  delay(ms: number): void {
    this.#weather.delayMs = ms;
  }

  /** No more bytes than that get through in a second, per connection and direction. */
  throttle(bytesPerSecond: number): void {
    this.#weather.bytesPerSecond = bytesPerSecond;
  }

  /** Resets every connection, and every new one until `heal`. */
  cut(): void {
    this.#weather.cut = true;
    this.#reset();
  }

  /** Connections stay and new ones are accepted, but no byte gets through until `heal`; none is lost. */
  freeze(): void {
    this.#weather.frozen = true;
  }

  /** Resets every connection; new ones lead to another server, as after a failover. */
  turnTo(target: ProxyTarget): void {
    this.#target = target;
    this.#reset();
  }

  /** Ends all that is bad about the line. */
  heal(): void {
    Object.assign(this.#weather, CALM);
    for (const { directions } of this.#lines) for (const direction of directions) direction.flow();
  }

  async stop(): Promise<void> {
    this.#reset();
    this.#server.close();
    await once(this.#server, 'close');
  }

  #reset(): void {
    for (const { sockets } of this.#lines) for (const socket of sockets) socket.resetAndDestroy();
  }

  #accept(client: Socket, { host = '127.0.0.1', port }: ProxyTarget): void {
    if (this.#weather.cut) {
      client.on('error', () => undefined).resetAndDestroy();
      return;
    }
    const server = connect({ host, port, noDelay: true });
    client.setNoDelay(true);
    const there = new Direction(client, server, this.#weather);
    const back = new Direction(server, client, this.#weather);
    const line: Line = { sockets: [client, server], directions: [there, back] };
    this.#lines.add(line);
    for (const socket of line.sockets) {
      socket.once('close', () => {
        if (!line.sockets.every((one) => one.destroyed)) return;
        for (const direction of line.directions) direction.stop();
        this.#lines.delete(line);
      });
    }
  }
}
