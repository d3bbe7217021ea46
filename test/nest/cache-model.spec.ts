import { Injectable } from '@nestjs/common';
import { CacheModel, ModelCacheService } from '@mobius1/cache';
import { eventually } from '../support/eventually.js';
import { redisOptions } from '../support/cache.js';
import { closeApps, startApp } from './fixtures/start-app.js';

const MODEL = { secret: 'a secret of the tests' };

interface Answer {
  readonly text: string;
  readonly finishReason: string;
}

interface Question {
  readonly workspaceId: string;
  readonly question: string;
  readonly temperature?: number | undefined;
}

interface Request {
  readonly question: string;
  readonly id: number;
}

@Injectable()
class Assistant {
  asked: string[] = [];
  finishReason = 'stop';

  @CacheModel({
    modelId: 'llama',
    workspaceId: ({ workspaceId }: Question) => workspaceId,
    input: ({ question }: Question) => question,
    params: ({ temperature }: Question) => ({ temperature }),
    describe: ({ finishReason }: Answer) => ({ finishReason, tokens: 10 }),
  })
  async answerTo({ workspaceId, question, temperature = 0 }: Question): Promise<Answer> {
    this.asked.push(`${workspaceId} ${question} ${temperature}`);
    return { text: `to ${question}`, finishReason: this.finishReason };
  }

  answer(workspaceId: string, question: string, temperature?: number): Promise<Answer> {
    return this.answerTo({ workspaceId, question, temperature });
  }

  @CacheModel({
    modelId: 'llama',
    workspaceId: (_request: Request, workspaceId: string) => workspaceId,
    input: ({ question }: Request) => question,
  })
  async byQuestion(request: Request, workspaceId: string): Promise<string> {
    this.asked.push(`${workspaceId} ${request.id}`);
    return request.question;
  }
}

interface Part {
  readonly text?: string;
  readonly finishReason?: string;
}

@Injectable()
class Narrator {
  asked: string[] = [];
  ended: string[] = [];
  finishReason = 'stop';
  held: Promise<unknown> = Promise.resolve();

  @CacheModel({
    modelId: 'llama',
    workspaceId: (...[workspaceId]: readonly [string, string]) => workspaceId,
    input: (...[, question]: readonly [string, string]) => question,
    describe: (parts: readonly Part[]) => ({ finishReason: parts.at(-1)?.finishReason ?? 'cut off', tokens: 2 }),
  })
  async *tell(workspaceId: string, question: string): AsyncGenerator<Part> {
    this.asked.push(`${workspaceId} ${question}`);
    try {
      yield { text: 'Once ' };
      await this.held;
      yield { text: question };
      yield { finishReason: this.finishReason };
    } finally {
      this.ended.push(question);
    }
  }
}

describe.each([
  ['memory', () => false as const],
  ['Redis', () => redisOptions()],
])('@CacheModel, in %s', (_, redis) => {
  let assistant: Assistant;
  let models: ModelCacheService;

  beforeEach(async () => {
    const app = await startApp({ providers: [Assistant] }, { redis: redis(), model: MODEL });
    assistant = app.get(Assistant);
    models = app.get(ModelCacheService);
  });
  afterEach(closeApps);

  it('asks once for all who ask the same, and for each workspace by itself', async () => {
    const answers = await Promise.all(Array.from({ length: 10 }, () => assistant.answer('w1', 'what?')));
    expect(new Set(answers.map(({ text }) => text))).toEqual(new Set(['to what?']));
    await assistant.answer('w2', 'what?');
    await assistant.answer('w1', 'what?', 0.5);
    expect(assistant.asked).toEqual(['w1 what? 0', 'w2 what? 0', 'w1 what? 0.5']);
    await models.invalidateWorkspace('w2');
    await assistant.answer('w2', 'what?');
    await assistant.answer('w1', 'what?');
    expect(assistant.asked).toHaveLength(4);
    expect(models.getStats()).toMatchObject({ misses: 4, stored: 4 });
  });

  it('returns an answer that is not whole, and asks again', async () => {
    assistant.finishReason = 'length';
    expect(await assistant.answer('w1', 'why?')).toMatchObject({ text: 'to why?' });
    await assistant.answer('w1', 'why?');
    expect(assistant.asked).toHaveLength(2);
    expect(models.getStats().refused).toEqual({ unfinished: 2 });
  });

  it('takes what is asked from the arguments', async () => {
    await assistant.byQuestion({ question: 'who?', id: 1 }, 'w1');
    expect(await assistant.byQuestion({ question: 'who?', id: 2 }, 'w1')).toBe('who?');
    expect(assistant.asked).toEqual(['w1 1']);
  });

  it('obeys the service: what it configures holds for decorators', async () => {
    models.configure({ enabled: false });
    await assistant.answer('w1', 'when?');
    await assistant.answer('w1', 'when?');
    expect(assistant.asked).toHaveLength(2);
  });

  it('is told whose answer it is, or refuses', async () => {
    await expect(assistant.answer('', 'where?')).rejects.toMatchObject({ code: 'CACHE_INVALID_KEY' });
  });
});

describe.each([
  ['memory', () => false as const],
  ['Redis', () => redisOptions()],
])('@CacheModel on an async generator, in %s', (_, redis) => {
  let narrator: Narrator;
  let models: ModelCacheService;

  beforeEach(async () => {
    const app = await startApp({ providers: [Narrator] }, { redis: redis(), model: MODEL });
    narrator = app.get(Narrator);
    models = app.get(ModelCacheService);
  });
  afterEach(closeApps);

  async function told(workspaceId: string, question: string): Promise<string> {
    let text = '';
    for await (const part of narrator.tell(workspaceId, question)) text += part.text ?? `(${part.finishReason})`;
    return text;
  }

  it('asks once for all who ask the same, and gives the parts again; each workspace by itself', async () => {
    const all = await Promise.all(Array.from({ length: 10 }, () => told('w1', 'upon')));
    expect(new Set(all)).toEqual(new Set(['Once upon(stop)']));
    expect(await told('w1', 'upon')).toBe('Once upon(stop)');
    expect(await told('w2', 'upon')).toBe('Once upon(stop)');
    expect(narrator.asked).toEqual(['w1 upon', 'w2 upon']);
    await eventually(() => models.getStats().stored === 2, { what: 'both answers to be stored' });
    expect(models.getStats()).toMatchObject({ misses: 2, hits: 10, tokensAvoided: 20 });
  });

  it('asks again for what was not whole', async () => {
    narrator.finishReason = 'length';
    for (let i = 0; i < 2; i++) expect(await told('w1', 'upon')).toBe('Once upon(length)');
    expect(narrator.asked).toHaveLength(2);
    expect(models.getStats().refused).toEqual({ unfinished: 2 });
  });

  it('lets one reader leave early without harm for another; when all have left, the method ends', async () => {
    let open!: (value: unknown) => void;
    narrator.held = new Promise((resolve) => (open = resolve));
    const [leaves, stays] = [narrator.tell('w1', 'upon'), narrator.tell('w1', 'upon')];
    for (const reader of [leaves, stays])
      expect(await reader.next()).toEqual({ done: false, value: { text: 'Once ' } });
    await leaves.return(undefined);
    expect(narrator.ended).toEqual([]);
    open(undefined);
    expect(await stays.next()).toEqual({ done: false, value: { text: 'upon' } });
    await stays.return(undefined);
    await eventually(() => narrator.ended.length === 1, { what: 'the method to end' });
    expect(narrator.asked).toHaveLength(1);
  });

  it('does nothing until the first part is asked for', async () => {
    const reader = narrator.tell('w1', 'upon');
    await reader.return(undefined);
    expect(narrator.asked).toEqual([]);
  });

  it('is told whose answer it is, or refuses', async () => {
    await expect(narrator.tell('', 'upon').next()).rejects.toMatchObject({ code: 'CACHE_INVALID_KEY' });
  });
});

it('@CacheModel refuses generators that cannot wait', () => {
  const method = { value: function* () {}, configurable: true };
  const decorator = CacheModel({ modelId: 'llama', workspaceId: 'w1' }) as unknown as MethodDecorator;
  expect(() => decorator({ constructor: Narrator }, 'tell', method as never)).toThrow(/only async ones can wait/);
});

describe('an application without a secret', () => {
  const emitWarning = jest.spyOn(process, 'emitWarning');
  beforeEach(() => emitWarning.mockReset().mockImplementation(() => undefined));
  afterEach(closeApps);
  afterAll(() => emitWarning.mockRestore());

  @Injectable()
  class Asking {
    constructor(readonly models: ModelCacheService) {}
  }
  class Derived extends Assistant {}
  @Injectable()
  class Other {}

  it.each([
    ['has @CacheModel', Assistant, 1],
    ['inherits it', Derived, 1],
    ['wants the service', Asking, 1],
    ['has nothing to do with models', Other, 0],
  ])('is told so at boot, once, when a class of it %s', async (_, provider, times) => {
    await startApp({ providers: [provider, Other] }, { redis: redisOptions() });
    const codes = emitWarning.mock.calls.map(([, about]) => (about as { code?: string }).code);
    expect(codes).toEqual(Array(times).fill('MOBIUS_MODEL_CACHE_SECRET'));
  });
});
