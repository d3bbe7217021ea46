// An assistant with two limits: questions of a user, and the tokens that all of a workspace may use together.
import { Body, Controller, Logger, Module, Post, Res, UseGuards } from '@nestjs/common';
import { NestFactory } from '@nestjs/core';
import {
  answerRateLimit,
  CacheModule,
  ModelCacheService,
  RateLimit,
  RateLimitGuard,
  RateLimitKeys,
  RateLimitService,
} from '@mobius1/cache';

const TOKENS = { name: 'tokens', limit: 1_000, window: '1h' } as const;
/** More than a question usually takes: what is not used comes back. */
const ESTIMATE = 400;

/** Stands for your model, which says what it has used. */
const askTheModel = async (question: string) => ({ text: `About ${question}: …`, tokens: 250 });

@Controller('questions')
class AssistantController {
  constructor(
    private readonly limits: RateLimitService,
    private readonly keys: RateLimitKeys,
    private readonly models: ModelCacheService,
  ) {}

  // The guard holds this one before the method runs, and counts users, not addresses.
  @UseGuards(RateLimitGuard)
  @RateLimit({ name: 'questions', limit: 3, window: '1h', by: 'user' })
  @Post()
  async ask(@Body() body: { workspaceId: string; question: string }, @Res({ passthrough: true }) response: object) {
    const { workspaceId, question: input } = body;
    // What a model will use is known afterwards only. So an estimate is reserved before …
    const budget = await this.limits.reserve(this.keys.of({ workspace: workspaceId }), TOKENS, ESTIMATE);
    answerRateLimit(response, budget.decision); // sets the header fields; a 429 if there is too little left
    try {
      const describe = ({ tokens }: { tokens: number }) => ({ tokens });
      const request = { modelId: 'example', input, workspaceId, describe };
      const answer = await this.models.wrap(request, () => askTheModel(input));
      // … and what it was is charged after: nothing for an answer from the cache.
      const { charged } = await budget.settle(answer);
      return { text: answer.output.text, charged };
    } finally {
      await budget.release(); // gives all of it back when the model failed; does nothing once it is settled
    }
  }
}

@Module({
  imports: [
    CacheModule.forRoot({
      redis: false, // with one, all processes count together
      // Yours reads what its authentication has found out; a header that anybody can write is for examples.
      rateLimit: { callers: { user: ({ headers }) => headers?.['x-user'] } },
    }),
  ],
  controllers: [AssistantController],
})
class AppModule {}

async function main(): Promise<void> {
  Logger.overrideLogger(['error', 'warn']);
  const app = await NestFactory.create(AppModule);
  await app.listen(0, '127.0.0.1');
  const url = `${await app.getUrl()}/questions`;

  async function ask(user: string, question: string): Promise<void> {
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'x-user': user },
      body: JSON.stringify({ workspaceId: 'lisbon', question }),
    });
    const { charged, detail } = (await response.json()) as { charged?: number; detail?: string };
    console.log(`${user} asks about ${question}: ${response.status}, ${detail ?? `${charged} tokens`}`);
    for (const name of ['RateLimit-Policy', 'RateLimit', 'Retry-After']) {
      const value = response.headers.get(name);
      if (value !== null) console.log(`    ${name}: ${value}`);
    }
  }

  await ask('ana', 'the NIE');
  await ask('ben', 'the NIE'); // ana has asked before: an answer from the cache costs no tokens
  await ask('ana', 'the TIE');
  await ask('ana', 'a visa');
  await ask('ana', 'taxes'); // her fourth question: denied by the guard, and no token is touched
  await ask('ben', 'taxes'); // he may ask, but 250 tokens are too few to begin with

  await app.close();
}

void main();
