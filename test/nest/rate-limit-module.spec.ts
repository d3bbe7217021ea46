import { get as send } from 'node:http';
import {
  Controller,
  type ExecutionContext,
  Get,
  Injectable,
  Logger,
  ServiceUnavailableException,
  type Type,
  UseGuards,
} from '@nestjs/common';
import { Test } from '@nestjs/testing';
import request from 'supertest';
import {
  CacheModule,
  type CacheModuleOptions,
  type CallerIdentity,
  type Identified,
  type LimitedCall,
  RateLimit,
  RateLimitException,
  type RateLimitFacts,
  RateLimitGuard,
  type ReadyRule,
} from '@mobius1/cache';
import { eventually } from '../support/eventually.js';
import { PLATFORMS, startLimited } from './fixtures/limited-app.js';
import { closeApps } from './fixtures/start-app.js';

@Controller()
class PlansController {
  @RateLimit({ name: 'plan', limit: 1, window: '1m', by: 'user' })
  @Get('plan')
  plan(): string {
    return 'plan';
  }

  @RateLimit({ limit: 10, window: '1m', cost: costOf })
  @Get('cost')
  cost(): string {
    return 'cost';
  }
}

function costOf(context: ExecutionContext): number {
  const { query } = context.switchToHttp().getRequest<{ query: Record<string, string> }>();
  if (query.units === 'fail') throw new TypeError('no units');
  return Number(query.units);
}

const userOf = (context: ExecutionContext): string | undefined =>
  context.switchToHttp().getRequest<{ user?: { id: string } }>().user?.id;

const LIMITS: Readonly<Record<string, number>> = { free: 1, paid: 3 };

beforeEach(() => Logger.overrideLogger(false));
afterEach(closeApps);

const get = async (url: string, user?: string): Promise<number> => {
  const { status } = await request(url)
    .get('/plan')
    .set(user === undefined ? {} : { 'x-test-user': user });
  return status;
};

describe('rules of one request', () => {
  const start = async (resolve: NonNullable<CacheModuleOptions['rateLimit']>['resolve']): Promise<string> => {
    const { url } = await startLimited({ controllers: [PlansController], cache: { rateLimit: { resolve } } });
    return url;
  };

  it('are what a resolver makes of those that are declared', async () => {
    const url = await start(async (context, rules) => {
      const limit = await Promise.resolve(LIMITS[userOf(context) ?? '']);
      return rules.map((rule) => (rule.name === 'plan' && limit !== undefined ? { ...rule, limit } : rule));
    });
    for (const status of [200, 429]) expect(await get(url, 'free')).toBe(status);
    for (const status of [200, 200, 200, 429]) expect(await get(url, 'paid')).toBe(status);
    for (const status of [200, 429]) expect(await get(url, 'somebody')).toBe(status);
  });

  it('may be none, or others', async () => {
    const url = await start((context) =>
      userOf(context) === 'staff'
        ? []
        : [
            { limit: 2, window: '1m' },
            { name: 'too', limit: 9, window: '1m' },
          ],
    );
    for (let i = 0; i < 3; i++) expect(await get(url, 'staff')).toBe(200);
    const { headers } = await request(url).get('/plan').expect(200);
    expect(headers['ratelimit-policy']).toBe('"PlansController.plan";q=2;w=60, "too";q=9;w=60');
  });

  it.each<[string, () => never]>([
    ['fails', () => { throw new Error('the plans cannot be read'); }], // prettier-ignore
    ['returns what is no limit', () => [{ limit: -1, window: '1m' }] as never],
    [
      'returns two of one name',
      () =>
        [
          { limit: 1, window: 1, name: 'x' },
          { limit: 2, window: 1, name: 'x' },
        ] as never,
    ],
    ['returns nothing', () => undefined as never],
  ])('are those that are declared when the resolver %s', async (_, resolve) => {
    const url = await start(resolve);
    for (const status of [200, 429]) expect(await get(url, 'u1')).toBe(status);
  });
});

describe('the cost of a request', () => {
  it('is what a function says, and 1 when that is no cost', async () => {
    const { url } = await startLimited({ controllers: [PlansController] });
    const left: number[] = [];
    for (const units of ['3', '0', '-1', 'x', '0.5', 'fail', '2']) {
      const { headers } = await request(url).get(`/cost?units=${units}`).expect(200);
      left.push(Number(/;r=(\d+)/.exec(String(headers.ratelimit))?.[1]));
    }
    expect(left).toEqual([7, 7, 6, 5, 4, 3, 1]);
    await request(url).get('/cost?units=2').expect(429);
    await request(url).get('/cost?units=1').expect(200);
  });
});

describe.each(PLATFORMS)('slots on %s', (platform) => {
  it('are given back when the answer is over, also when nobody waits for it any more', async () => {
    const waiting: (() => void)[] = [];

    @Controller()
    class SlowController {
      @RateLimit({ limit: 1, algorithm: 'concurrency' })
      @Get('slow')
      async slow(): Promise<string> {
        if (waiting.length < 2) await new Promise<void>((resolve) => waiting.push(resolve));
        return 'slow';
      }
    }
    const { url } = await startLimited({ platform, controllers: [SlowController] });
    const first = request(url)
      .get('/slow')
      .then(({ status }) => status);
    await eventually(() => waiting.length === 1, { what: 'the first is being answered' });
    const denied = await request(url).get('/slow').expect(429);
    expect(denied.headers['ratelimit-policy']).toBe('"SlowController.slow";q=1;qu="concurrent-requests"');
    waiting[0]?.();
    expect(await first).toBe(200);

    const abandoned = send(`${url}/slow`);
    const closed = new Promise((resolve) => abandoned.on('error', () => undefined).once('close', resolve));
    await eventually(() => waiting.length === 2, { what: 'the second is being answered' });
    await request(url).get('/slow').expect(429);
    abandoned.destroy();
    await closed;
    await eventually(async () => (await request(url).get('/slow')).status === 200, { what: 'the slot is free' });
    waiting[1]?.();
  });
});

describe('the options of the guard', () => {
  const start = (rateLimit: unknown) =>
    startLimited({ controllers: [PlansController], cache: { rateLimit } as CacheModuleOptions });

  it.each<[string, unknown, RegExp[]]>([
    ['unknown ones', { headres: false }, [/headres/]],
    ['what is none', 'strict', [/rateLimit/]],
    [
      'all that is wrong',
      {
        rules: [
          { limit: 1, window: 1 },
          { name: 'x', by: 'you' },
        ],
        resolve: 1,
        callers: { ip: 1, group: 2 },
      },
      [/rules\[0\]\.name/, /rules\[1\]\.by/, /resolve/, /callers\.ip/, /callers\.group/],
    ],
    [
      'what is no number, network or choice',
      { ipv6Prefix: 129, allow: ['office'], onMissing: 'pass', headers: 1, legacyHeaders: 'x' },
      [/ipv6Prefix/, /allow\[0\]/, /onMissing/, /headers/, /legacyHeaders/],
    ],
    ['a rule that is no limit', { rules: [{ name: 'x', limit: 1 }] }, [/window/]],
    ['those of the engine', { onOutage: 'explode' }, [/onOutage/]],
  ])('refuse %s at boot', async (_, rateLimit, messages) => {
    const starting = start(rateLimit);
    await expect(starting).rejects.toMatchObject({ code: 'INVALID_OPTIONS' });
    for (const message of messages) await expect(starting).rejects.toThrow(message);
  });

  it('refuse a rule of the module that is no limit, also when no handler declares one', async () => {
    const starting = startLimited({ cache: { rateLimit: { rules: [{ name: 'x', limit: 1 }] } } });
    await expect(starting).rejects.toThrow(/'x' on CacheModule.rateLimit[^]*window/);
  });

  it('are completed by what a handler declares, or it does not start', async () => {
    @Controller()
    class OpenController {
      @RateLimit({ limit: 5 })
      @Get()
      open(): string {
        return 'open';
      }
    }
    const starting = startLimited({ controllers: [OpenController] });
    await expect(starting).rejects.toThrow(/@RateLimit on OpenController\.open/);
    @Controller()
    class BareController {
      @RateLimit({ window: '1m' })
      @Get()
      bare(): string {
        return 'bare';
      }
    }
    await expect(startLimited({ controllers: [BareController] })).rejects.toThrow(/BareController\.bare[^]*limit/);
  });
});

describe('options', () => {
  it.each<[string, unknown, string]>([
    ['null', null, 'rateLimit'],
    ['a text', 'strict', 'rateLimit'],
    ['callers that are null', { callers: null }, 'callers'],
    ['rules that are null', { rules: null }, 'rules'],
  ])('that are %s are refused', async (_, rateLimit, path) => {
    const imports = [CacheModule.forRoot({ redis: false, rateLimit: rateLimit as never })];
    const starting = Test.createTestingModule({ imports }).compile();
    await expect(starting).rejects.toMatchObject({ code: 'INVALID_OPTIONS', message: expect.stringContaining(path) });
  });
});

describe('limits that nobody holds', () => {
  @UseGuards(RateLimitGuard)
  @Controller()
  class GuardedController extends PlansController {}

  async function warnings(controllers: Type[], everywhere: boolean): Promise<string[]> {
    const told: string[] = [];
    const logger = { log: jest.fn(), error: jest.fn(), warn: (message: string) => void told.push(message) };
    await startLimited({ controllers, everywhere, logger });
    return told.filter((message) => message.includes('does nothing'));
  }

  it('are told at boot', async () => {
    expect(await warnings([PlansController], false)).toEqual([
      expect.stringContaining('does nothing on PlansController.plan, PlansController.cost: no RateLimitGuard'),
    ]);
  });

  it.each<[string, Type, boolean]>([
    ['guard of all', PlansController, true],
    ['guard of the class', GuardedController, false],
  ])('are not those of a %s', async (_, controller, everywhere) => {
    expect(await warnings([controller], everywhere)).toEqual([]);
  });
});

describe('a guard of one’s own', () => {
  it('overrides any step', async () => {
    @Injectable()
    class OwnGuard extends RateLimitGuard {
      protected override shouldSkip(context: ExecutionContext): boolean {
        return userOf(context) === 'staff';
      }

      protected override identify(rule: ReadyRule, caller: CallerIdentity): Identified | Promise<Identified> {
        return rule.rule.name === 'plan' ? { outcome: 'known', owner: 'all', values: ['all'] } : caller.by(rule);
      }

      protected override exceptionFor(call: LimitedCall, facts: RateLimitFacts): Promise<Error> {
        return Promise.resolve(new ServiceUnavailableException(`${call.transport}: ${facts.violatedPolicies.join()}`));
      }
    }

    @UseGuards(OwnGuard)
    @Controller()
    class OwnController extends PlansController {}

    const { url } = await startLimited({ controllers: [OwnController], everywhere: false });
    expect(await get(url, 'u1')).toBe(200);
    const denied = await request(url).get('/plan').set('x-test-user', 'u2').expect(503);
    expect(denied.body.message).toBe('http: plan');
    expect(await get(url, 'staff')).toBe(200);
  });

  it('throws an exception that filters know', () => {
    const error = new RateLimitException({ code: 'RATE_LIMIT_UNAVAILABLE', message: 'm', violatedPolicies: ['p'] });
    expect(error.getStatus()).toBe(503);
    expect(error.getResponse()).toMatchObject({
      type: 'https://iana.org/assignments/http-problem-types#temporary-reduced-capacity',
      status: 503,
      detail: 'm',
    });
    expect(error).toMatchObject({ message: 'm', extensions: { code: 'RATE_LIMIT_UNAVAILABLE', status: 503 } });
  });
});
