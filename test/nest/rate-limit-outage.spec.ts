import { Controller, Get, Logger } from '@nestjs/common';
import request from 'supertest';
import { RateLimit } from '@mobius1/cache';
import { eventually } from '../support/eventually.js';
import { RedisEnv } from '../support/redis-env.js';
import type { RedisProcess } from '../support/redis-process.js';
import { PLATFORMS, startLimited } from './fixtures/limited-app.js';
import { closeApps } from './fixtures/start-app.js';

@Controller()
class OutageController {
  @RateLimit({ limit: 2, window: '1m' })
  @Get('local')
  local(): string {
    return 'local';
  }

  @RateLimit({ limit: 1, window: '1m', onOutage: 'open' })
  @Get('open')
  open(): string {
    return 'open';
  }

  @RateLimit({ limit: 100, window: '1m', onOutage: 'closed' }, { name: 'beside', limit: 1, window: '1m' })
  @Get('closed')
  closed(): string {
    return 'closed';
  }
}

beforeAll(() => Logger.overrideLogger(false));

describe.each(PLATFORMS)('rate limits of routes without Redis, on %s', (platform) => {
  let server: RedisProcess;
  beforeAll(async () => {
    server = await RedisEnv.process();
  });
  afterAll(() => server.stop());
  afterEach(closeApps);

  it('are no outage: they count here, let pass, or say 503, and come back by themselves (G15)', async () => {
    const redis = { host: server.host, port: server.port };
    const { url } = await startLimited({ platform, controllers: [OutageController], cache: { redis } });
    await request(url).get('/local').expect(200);

    await server.kill();
    for (const status of [200, 200, 429]) await request(url).get('/local').expect(status);
    for (const status of [200, 200]) await request(url).get('/open').expect(status);
    const closed = await request(url).get('/closed').expect(503);
    expect(closed.headers['content-type']).toMatch(/^application\/problem\+json/);
    expect(JSON.parse(closed.text)).toEqual({
      type: 'https://iana.org/assignments/http-problem-types#temporary-reduced-capacity',
      title: 'Request cannot be satisfied due to temporary server capacity constraints',
      status: 503,
      detail: 'Requests cannot be counted at the moment. Try again later.',
      'violated-policies': ['OutageController.closed'],
    });

    await server.restart();
    await eventually(async () => (await request(url).get('/closed')).status === 200, { what: 'Redis counts again' });
    await request(url).get('/closed').expect(429);
  });
});
