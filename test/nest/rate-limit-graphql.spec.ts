import { UseGuards } from '@nestjs/common';
import { Args, Field, GraphQLModule, ObjectType, Parent, Query, ResolveField, Resolver } from '@nestjs/graphql';
import type { ApolloDriverConfig } from '@nestjs/apollo';
import request from 'supertest';
import { RateLimit, RateLimitGuard } from '@mobius1/cache';
import { TestApolloDriver } from './fixtures/graphql-driver.js';
import { type Platform, PLATFORMS, startLimited } from './fixtures/limited-app.js';
import { closeApps } from './fixtures/start-app.js';

@ObjectType()
class Cat {
  @Field(() => String)
  readonly name: string;

  @Field(() => String)
  readonly owner?: string;

  constructor(name: string) {
    this.name = name;
  }
}

@Resolver(() => Cat)
class CatsResolver {
  answers = 0;

  @RateLimit({ limit: 2, window: '1m' })
  @Query(() => [Cat], { nullable: true })
  cats(): Cat[] {
    this.answers++;
    return [new Cat('Tom'), new Cat('Kitty')];
  }

  @RateLimit({ limit: 1, window: '1m', by: 'user' })
  @Query(() => Cat, { nullable: true })
  cat(@Args('name', { type: () => String }) name: string): Cat {
    return new Cat(name);
  }

  @RateLimit({ limit: 3, window: '1m' })
  @UseGuards(RateLimitGuard)
  @ResolveField(() => String)
  owner(@Parent() { name }: Cat): string {
    return `owner of ${name}`;
  }
}

const start = (platform: Platform) =>
  startLimited({
    platform,
    imports: [
      GraphQLModule.forRoot<ApolloDriverConfig>({
        driver: TestApolloDriver,
        // On Fastify a context has to name its reply; on Express the request knows its response.
        ...(platform === 'Fastify' ? { context: (_: unknown, reply: object) => ({ reply }) } : {}),
        autoSchemaFile: true,
        fieldResolverEnhancers: ['guards'],
        graphiql: false,
        includeStacktraceInErrorResponses: false,
        csrfPrevention: false,
        allowBatchedHttpRequests: true,
      }),
    ],
    providers: [CatsResolver],
    cache: { rateLimit: { rules: [{ name: 'ip', limit: 5, window: '1m' }] } },
  });

afterEach(closeApps);

describe.each(PLATFORMS)('rate limits of resolvers on %s', (platform) => {
  it('deny a field with the facts in its extensions, and tell them in the fields of HTTP', async () => {
    const { app, url } = await start(platform);
    const ask = (query: string) => request(url).post('/graphql').send({ query });
    const first = await ask('{ cats { name } }').expect(200);
    expect(first.body.data.cats).toHaveLength(2);
    expect(first.headers['ratelimit-policy']).toBe('"ip";q=5;w=60, "CatsResolver.cats";q=2;w=60');
    expect(first.headers.ratelimit).toMatch(/^"ip";r=4;t=\d+, "CatsResolver.cats";r=1;t=\d+$/);
    await ask('{ cats { name } }').expect(200);

    const denied = await ask('{ cats { name } cat(name: "Tom") { name } }').expect(200);
    expect(denied.body.errors).toMatchObject([
      {
        path: ['cats'],
        message: expect.stringMatching(/^Too many requests. Try again in \d+ seconds.$/),
        extensions: {
          code: 'RATE_LIMITED',
          status: 429,
          violatedPolicies: ['CatsResolver.cats'],
          retryAfter: Number(denied.headers['retry-after']),
        },
      },
    ]);
    expect(app.get(CatsResolver).answers).toBe(2);
  });

  it('count a request once, however many of its fields are asked for', async () => {
    const { url } = await start(platform);
    const query = '{ a: cats { name owner } b: cats { name owner } cat(name: "Tom") { owner } }';
    const { body, headers } = await request(url).post('/graphql').send({ query }).expect(200);
    expect(body.errors).toBeUndefined();
    const left = String(headers.ratelimit).replace(/;t=\d+/g, '');
    expect(left.split(', ').sort()).toEqual([
      '"CatsResolver.cat";r=0',
      '"CatsResolver.cats";r=1',
      '"CatsResolver.owner";r=2',
      '"ip";r=4',
    ]);
  });

  it('deny what is denied and answer the rest, and count what stood beside a denial only once', async () => {
    const { url } = await start(platform);
    // The field that will be denied comes first: what stands beside it is then still to be counted by the other.
    const query = '{ cat(name: "Tom") { name } cats { name } }';
    const ask = (user: string) => request(url).post('/graphql').set('x-test-user', user).send({ query });
    await ask('u1').expect(200);
    const { body, headers } = await ask('u1');
    expect(body.errors.map(({ path }: { path: string[] }) => path)).toEqual([['cat']]);
    expect(String(headers.ratelimit)).toContain('"ip";r=3');
    expect((await ask('u2')).body.errors.map(({ path }: { path: string[] }) => path)).toEqual([['cats']]);
  });

  it('name in each error only the policies of its own field', async () => {
    const { url } = await start(platform);
    const query = '{ cat(name: "Tom") { name } cats { name } }';
    const send = () => request(url).post('/graphql').set('x-test-user', 'u1').send({ query });
    await send();
    await request(url).post('/graphql').send({ query: '{ cats { name } }' });
    const { body } = await send();
    const errors = body.errors as { path: string[]; extensions: { violatedPolicies: string[] } }[];
    const named = errors.map(({ path, extensions }) => [path[0], extensions.violatedPolicies]);
    expect(Object.fromEntries(named)).toEqual({ cat: ['CatsResolver.cat'], cats: ['CatsResolver.cats'] });
  });

  it('count the operations of a batch as one request', async () => {
    const { url } = await start(platform);
    const batch = Array.from({ length: 4 }, () => ({ query: '{ cats { name } }' }));
    const { body, headers } = await request(url).post('/graphql').send(batch).expect(200);
    expect(body.map(({ errors }: { errors?: unknown }) => errors)).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(String(headers.ratelimit)).toContain('"CatsResolver.cats";r=1');
  });
});
