import type { ModelCache } from '../../libs/cache/src/features/model/model-cache.js';
import { ModelKeys } from '../../libs/cache/src/features/model/model-key.js';
import { create, QUESTION, SECRET } from './models.js';

describe('answers encrypted at rest', () => {
  const [one, two] = [1, 2].map((n) => Buffer.alloc(32, n).toString('base64')) as [string, string];
  const ENCRYPTED = { encryption: { keys: { one }, current: 'one' } };
  const TEXT = 'El NIE es el número de identidad de extranjero. '.repeat(100);

  const storedUnder = async (models: ModelCache, manager: ReturnType<typeof create>['manager']) => {
    const { fingerprint } = (await models.get(QUESTION.modelId, QUESTION.input, 'w1'))!;
    const entry = (await manager.get<Record<string, any>>(fingerprint))!;
    return { fingerprint, entry };
  };

  it('nobody reads an answer in the store, nor what is known of it; who has the key does', async () => {
    const { open, manager } = create(ENCRYPTED);
    const models = open();
    await models.wrap({ ...QUESTION, describe: () => ({ finishReason: 'stop', tokens: 7 }) }, () => TEXT);
    expect(await open().wrap(QUESTION, () => 'x')).toMatchObject({
      output: TEXT,
      hit: 'exact',
      metadata: { tokens: 7 },
    });
    const { entry } = await storedUnder(models, manager);
    expect(Object.keys(entry).sort()).toEqual(['id', 'proof', 'sealed', 'storedAt', 'ttlMs']);
    expect(Buffer.from(entry.sealed.bytes).toString('latin1')).not.toContain('NIE');
    expect(entry.sealed.bytes.length).toBeLessThan(TEXT.length / 4); // compressed before
    await models.set('llama', 'plain', { a: [1, new Date(0)] }, 'w1');
    expect(await models.get('llama', 'plain', 'w1')).toMatchObject({ output: { a: [1, new Date(0)] } });
  });

  it.each<[string, (entry: any) => object]>([
    ['a flipped byte', (entry) => ({ ...entry, sealed: flipped(entry.sealed) })],
    [
      'a text that is cut',
      (entry) => ({ ...entry, sealed: { ...entry.sealed, bytes: entry.sealed.bytes.slice(0, 9) } }),
    ],
    ['nothing where the text was', (entry) => ({ ...entry, sealed: { keyId: 'one' } })],
    ['a key that is not there', (entry) => ({ ...entry, sealed: { ...entry.sealed, keyId: 'gone' } })],
    ['a text that is not encrypted', ({ sealed: _, ...facts }) => ({ ...facts, output: 'forged', metadata: {} })],
  ])('is a counted miss with %s, and the inference runs', async (_, damage) => {
    const { open, manager } = create(ENCRYPTED);
    const models = open();
    await models.wrap(QUESTION, () => 'true');
    const { fingerprint, entry } = await storedUnder(models, manager);
    await manager.set(fingerprint, damage(entry));
    expect(await models.get(QUESTION.modelId, QUESTION.input, 'w1')).toBeNull();
    expect(await models.wrap(QUESTION, () => 'again')).toMatchObject({ output: 'again', hit: 'none' });
    expect(await models.wrap(QUESTION, () => 'x')).toMatchObject({ output: 'again', hit: 'exact' });
    expect(models.getStats().unreadable).toBe(2);
  });
  const flipped = ({ keyId, bytes }: { keyId: string; bytes: Uint8Array }) => {
    const copy = Uint8Array.from(bytes);
    copy[40] = (copy[40] ?? 0) ^ 1;
    return { keyId, bytes: copy };
  };

  it('does not open under another key or in another workspace, whatever else is forged', async () => {
    const { open, manager } = create(ENCRYPTED);
    const models = open();
    await models.wrap(QUESTION, () => 'of w1');
    const { entry } = await storedUnder(models, manager);
    const { key, proof } = new ModelKeys(SECRET).keyOf({ ...QUESTION, workspaceId: 'w2' });
    await manager.set(key, { ...entry, proof });
    expect(await models.get(QUESTION.modelId, QUESTION.input, 'w2')).toBeNull();
  });

  it('does not take what is not to be kept from the store, whoever put it there', async () => {
    const { open, manager } = create(ENCRYPTED);
    const models = open();
    await models.wrap(QUESTION, () => 'of the model');
    const { fingerprint: key, entry } = await storedUnder(models, manager);
    const { sealed: _sealed, ...facts } = entry;
    await manager.set(key, { ...facts, output: 'forged', metadata: {}, refusal: 'empty', mark: 'guessed' });
    expect(await models.get(QUESTION.modelId, QUESTION.input, 'w1')).toBeNull();
    expect((await models.wrap(QUESTION, () => 'of the model')).output).toBe('of the model');
  });

  it('lets keys rotate: the old one reads, the new one writes', async () => {
    const { open, manager } = create(ENCRYPTED);
    await open().wrap(QUESTION, () => 'old');
    const rotated = open({ encryption: { keys: { one, two }, current: 'two' } });
    expect(await rotated.wrap(QUESTION, () => 'x')).toMatchObject({ output: 'old' });
    await rotated.wrap({ ...QUESTION, noCache: true }, () => 'new');
    expect((await storedUnder(rotated, manager)).entry.sealed.keyId).toBe('two');
    expect(await open().get(QUESTION.modelId, QUESTION.input, 'w1')).toBeNull();
  });

  it.each<[object | null, RegExp]>([
    [{ keys: { one }, current: 'two' }, /encryption\.current: expected the id of one of the keys/],
    [{ keys: { one: 'c2hvcnQ=' }, current: 'one' }, /encryption\.keys\.one: expected 32 bytes/],
    [{ keys: { 'a b': one }, current: 'a b' }, /encryption\.keys: expected ids/],
    [null, /encryption: expected an object, got null/],
    [{ keys: null, current: 'one' }, /encryption\.keys: expected an object, got null/],
    [{ keys: { one: 5 }, current: 'one' }, /encryption\.keys\.one: expected 32 bytes/],
  ])('refuses %p without showing a key', (encryption, message) => {
    const make = () => create({ encryption: encryption as never });
    expect(make).toThrow(message);
    expect(make).not.toThrow(/c2hvcnQ|AQEB/);
  });
});
