import { OptionCheck, systemClock } from '@mobius1/kernel';
import { ModelKeys } from '../model-key.js';
import type { PlainAnswer } from '../model-types.js';
import { neededTrials } from './learner.js';
import { checkSemanticOptions } from './semantic-options.js';
import { SemanticTier } from './semantic-tier.js';

const answer = (output: string): PlainAnswer => {
  return { output, metadata: {}, proof: '', id: output, storedAt: systemClock.now(), ttlMs: 1_000 };
};

describe('a pointer to the answer of another question', () => {
  it('is followed by everybody who gets it: what was made void meanwhile is not given, and the model is asked once (G2)', async () => {
    const keys = new ModelKeys('a secret of the tests');
    const standing = { answer: answer('yes') as PlainAnswer | undefined };
    const read = jest.fn(() => Promise.resolve(standing.answer));
    const tier = new SemanticTier({
      clock: { ...systemClock, random: () => 0.5 },
      cache: { get: () => Promise.resolve('epoch'), getOrSet: () => Promise.resolve('epoch') },
      keyOf: (question) => keys.keyOf(question),
      read,
    });
    const embedder = { id: 'flat', dimensions: 1, embed: () => [1] };
    const semantic = checkSemanticOptions(new OptionCheck('test'), 'semantic', { embedder, maxErrorRate: 0.2 });
    tier.configure({ semantic, encryption: undefined });

    const make = jest.fn(() => Promise.resolve(answer('yes')));
    const ask = async (input: string, meanwhile?: () => void) => {
      const question = { modelId: 'llama', workspaceId: 'w1', input };
      const own = { ...keys.keyOf(question), oldestMs: Infinity, renew: false };
      const load = async (making: () => Promise<PlainAnswer>) => {
        const entry = await making();
        meanwhile?.(); // the flight has its value, its callers do not have theirs yet
        return { entry };
      };
      return tier.around(own, question, make, load);
    };
    for (let i = 0; i <= neededTrials(0, 0.2, Math.log(8 / 0.05)); i++) await ask(`a${'b'.repeat(i)}`);
    await new Promise(setImmediate);
    expect(await ask('known')).toMatchObject({ pointed: { output: 'yes' }, similarity: 1 });

    make.mockClear();
    make.mockResolvedValue(answer('fresh'));
    expect(await ask('void', () => (standing.answer = undefined))).toMatchObject({ entry: { output: 'fresh' } });
    expect(make).toHaveBeenCalledTimes(1);
    expect(tier.stats).toMatchObject({ hits: 1 });
  });
});
