import { once } from 'node:events';
import type { AddressInfo, Server } from 'node:net';
import { Controller, Logger } from '@nestjs/common';
import { ClientProxyFactory, MessagePattern, type MicroserviceOptions, Transport } from '@nestjs/microservices';
import { WsAdapter } from '@nestjs/platform-ws';
import { SubscribeMessage, WebSocketGateway } from '@nestjs/websockets';
import { firstValueFrom } from 'rxjs';
import { WebSocket } from 'ws';
import { RateLimit } from '@mobius1/cache';
import { startLimited } from './fixtures/limited-app.js';
import { closeApps } from './fixtures/start-app.js';

@WebSocketGateway()
class CatsGateway {
  heard = 0;

  @RateLimit({ limit: 2, window: '1m' })
  @SubscribeMessage('meow')
  meow(): { event: string; data: number } {
    return { event: 'heard', data: ++this.heard };
  }

  @RateLimit({ limit: 2, window: '1m', by: 'user', onMissing: 'deny' })
  @SubscribeMessage('purr')
  purr(): string {
    return 'never';
  }
}

@Controller()
class CatsMessages {
  @RateLimit({ limit: 2, window: '1m' })
  @MessagePattern('feed')
  feed(cat: string): string {
    return `fed ${cat}`;
  }

  @RateLimit({ limit: 1, window: '1m', algorithm: 'concurrency' }, { name: 'beside', limit: 1, window: '1m' })
  @MessagePattern('slots')
  slots(): string {
    return 'held';
  }
}

const RULES = { rateLimit: { rules: [{ name: 'ip', limit: 10, window: '1m' }] } } as const;

beforeAll(() => Logger.overrideLogger(false));
afterEach(closeApps);

describe('rate limits of a gateway', () => {
  it('deny a message as an exception with the facts', async () => {
    const { app, url } = await startLimited({
      providers: [CatsGateway],
      cache: RULES,
      prepare: (nest) => nest.useWebSocketAdapter(new WsAdapter(nest)),
    });
    const socket = new WebSocket(url.replace('http', 'ws'));
    await once(socket, 'open');
    const ask = async (event: string): Promise<unknown> => {
      socket.send(JSON.stringify({ event, data: {} }));
      const [data] = (await once(socket, 'message')) as [Buffer];
      return JSON.parse(data.toString());
    };
    expect(await ask('meow')).toEqual({ event: 'heard', data: 1 });
    expect(await ask('meow')).toEqual({ event: 'heard', data: 2 });
    expect(await ask('meow')).toEqual({
      event: 'exception',
      data: {
        status: 'error',
        code: 'RATE_LIMITED',
        message: expect.stringMatching(/^Too many requests. Try again in (60|5\d) seconds.$/),
        violatedPolicies: ['CatsGateway.meow'],
        retryAfter: expect.any(Number),
      },
    });
    expect(await ask('purr')).toMatchObject({ data: { message: expect.stringContaining('(user)') } });
    expect(app.get(CatsGateway).heard).toBe(2);
    socket.close();
    await once(socket, 'close');
  });
});

describe('rate limits of a microservice', () => {
  it('deny a message as an exception with the facts', async () => {
    let port = 0;
    await startLimited({
      controllers: [CatsMessages],
      cache: RULES,
      prepare: async (nest) => {
        const service = nest.connectMicroservice<MicroserviceOptions>(
          { transport: Transport.TCP, options: { host: '127.0.0.1', port } },
          { inheritAppConfig: true },
        );
        await nest.startAllMicroservices();
        port = (service.unwrap<Server>().address() as AddressInfo).port;
      },
    });
    const client = ClientProxyFactory.create({ transport: Transport.TCP, options: { host: '127.0.0.1', port } });
    const ask = (pattern: string): Promise<unknown> => firstValueFrom(client.send(pattern, 'Tom'));
    try {
      expect(await ask('feed')).toBe('fed Tom');
      expect(await ask('feed')).toBe('fed Tom');
      await expect(ask('feed')).rejects.toEqual({
        status: 'error',
        code: 'RATE_LIMITED',
        message: expect.stringMatching(/^Too many requests/),
        violatedPolicies: ['CatsMessages.feed'],
        retryAfter: expect.any(Number),
      });
      expect(await ask('slots')).toBe('held');
      await expect(ask('slots')).rejects.toMatchObject({ violatedPolicies: ['beside'] });
    } finally {
      await client.close();
    }
  });
});
