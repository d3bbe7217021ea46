import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { eventually } from './eventually.js';
import { TcpProxy } from './tcp-proxy.js';

describe('TcpProxy', () => {
  let echo: Server;
  let proxy: TcpProxy;
  const clients: Socket[] = [];

  /** A connection through the proxy to a server that sends back what it gets. */
  async function open() {
    const socket = connect(proxy.port, proxy.host).on('error', () => undefined);
    clients.push(socket);
    let received = '';
    let closed = false;
    socket.on('data', (chunk: Buffer) => (received += chunk.toString()));
    socket.on('close', () => (closed = true));
    await new Promise((resolve) => socket.once('connect', resolve).once('close', resolve));
    return { socket, received: () => received, closed: () => closed };
  }

  beforeEach(async () => {
    echo = createServer((socket) => void socket.on('error', () => undefined).pipe(socket)).listen(0, '127.0.0.1');
    await once(echo, 'listening');
    proxy = await TcpProxy.start({ port: (echo.address() as AddressInfo).port });
  });

  afterEach(async () => {
    for (const client of clients.splice(0)) client.destroy();
    await proxy.stop();
    echo.close();
    await once(echo, 'close');
  });

  it('passes bytes on in order, both ways, and the end of a connection', async () => {
    const { socket, received, closed } = await open();
    const text = 'abc'.repeat(100_000);
    socket.write(text);
    await eventually(() => received().length === text.length, { what: 'all bytes are back' });
    expect(received()).toBe(text);
    expect(proxy.connections).toBe(1);
    socket.end();
    await eventually(() => closed() && proxy.connections === 0, { what: 'both ends are closed' });
  });

  it('delays every byte', async () => {
    proxy.delay(60);
    const { socket, received } = await open();
    const start = process.hrtime.bigint();
    socket.write('hello');
    await eventually(() => received() === 'hello', { what: 'the bytes are back', intervalMs: 5 });
    expect(Number(process.hrtime.bigint() - start) / 1e6).toBeGreaterThan(115); // there and back
  });

  it('lets few bytes through when throttled, and all when healed', async () => {
    proxy.throttle(1_000);
    const { socket, received } = await open();
    const start = process.hrtime.bigint();
    socket.write('x'.repeat(100_000));
    await eventually(() => received().length >= 50, { what: 'some bytes are back' });
    expect(Number(process.hrtime.bigint() - start) / 1e6).toBeGreaterThan(30);
    expect(received().length).toBeLessThan(50_000);
    proxy.heal();
    await eventually(() => received().length === 100_000, { what: 'all bytes are back' });
  });

  it('holds every byte while frozen, of old and new connections, and loses none', async () => {
    const old = await open();
    old.socket.write('1');
    await eventually(() => old.received() === '1', { what: 'the line works' });
    proxy.freeze();
    old.socket.write('2');
    const fresh = await open();
    fresh.socket.write('3');
    await eventually(() => fresh.socket.bytesWritten === 1 && proxy.connections === 2, { what: 'all is sent' });
    expect([old.received(), fresh.received()]).toEqual(['1', '']);
    proxy.heal();
    await eventually(() => old.received() === '12' && fresh.received() === '3', { what: 'all is back' });
  });

  it('resets old and new connections while cut', async () => {
    const old = await open();
    proxy.cut();
    await eventually(() => old.closed() && proxy.connections === 0, { what: 'the connection is reset' });
    const fresh = await open();
    await eventually(() => fresh.closed(), { what: 'the new connection is reset' });
    proxy.heal();
    const healed = await open();
    healed.socket.write('again');
    await eventually(() => healed.received() === 'again', { what: 'the line works' });
  });
});
