import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { createServer, type ConnectionOptions, type Server } from 'node:tls';
import { RedisConnection } from '../../libs/cache/src/drivers/redis-connection.js';
import type { RedisOptions } from '../../libs/cache/src/drivers/redis-options.js';
import { eventually } from '../support/eventually.js';
import { RedisEnv } from '../support/redis-env.js';
import type { RedisProcess } from '../support/redis-process.js';

// A key that both sides know needs no certificate.
const KEY = Buffer.from('known to both');
const CIPHERS = { ciphers: 'PSK', minVersion: 'TLSv1.2', maxVersion: 'TLSv1.2' } as const;
const TLS: ConnectionOptions = {
  ...CIPHERS,
  pskCallback: () => ({ psk: KEY, identity: 'test' }),
  checkServerIdentity: () => undefined,
};

describe('with tls', () => {
  const ends: (() => unknown)[] = [];

  async function encrypted({
    host,
    port,
  }: RedisProcess): Promise<{ host: string; port: number; greeted: () => number }> {
    let greeted = 0;
    const server: Server = createServer({ ...CIPHERS, pskCallback: () => KEY }, (socket) => {
      greeted++;
      const there = connect({ host, port });
      socket.on('error', () => there.destroy()).pipe(there);
      there.on('error', () => socket.destroy()).pipe(socket);
    });
    server.on('tlsClientError', () => undefined);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    ends.push(() => server.close());
    return { host: '127.0.0.1', port: (server.address() as AddressInfo).port, greeted: () => greeted };
  }

  function connectionTo(options: RedisOptions): RedisConnection {
    const connection = new RedisConnection({ commandTimeout: 5_000, ...options });
    ends.unshift(() => connection.quit());
    return connection;
  }

  afterEach(async () => {
    for (const end of ends.splice(0)) await end();
  });

  it('a server is spoken to in secret', async () => {
    const redis = await RedisEnv.process();
    ends.push(() => redis.stop());
    const line = await encrypted(redis);
    const connection = connectionTo({ host: line.host, port: line.port, tls: TLS });
    await connection.connect();
    expect(await connection.ping()).toBe(true);
    expect(line.greeted()).toBe(1);
  });

  it('Sentinels and the master they name are, too: nothing is ever said in the clear', async () => {
    const master = await RedisEnv.process();
    const monitor = `sentinel monitor main ${master.host} ${master.port} 1\n`;
    const sentinel = await RedisEnv.process({ config: monitor, args: ['--sentinel'] });
    ends.push(
      () => sentinel.stop(),
      () => master.stop(),
    );
    const line = await encrypted(sentinel);
    const { host, port } = line;
    const connection = connectionTo({ sentinels: [{ host, port }], name: 'main', tls: TLS, connectTimeout: 500 });
    // This master does not speak TLS: whoever talks to it in secret gets nowhere, and must not try otherwise.
    await expect(connection.connect()).rejects.toThrow();
    await eventually(() => line.greeted() > 1, { what: 'it asks the Sentinel again' });
    expect(connection.ready).toBe(false);
  });
});
