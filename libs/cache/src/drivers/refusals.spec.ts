import { FakeClock } from '@mobius1/kernel';
import { Refusals } from './refusals.js';

const reply = (message: string): Error => Object.assign(new Error(message), { name: 'ReplyError' });

describe('Refusals', () => {
  const clock = new FakeClock();
  let refusals: Refusals;
  beforeEach(() => (refusals = new Refusals(clock)));

  it.each([
    ["READONLY You can't write against a read only replica.", 'read-only'],
    ['LOADING Redis is loading the dataset in memory', 'loading'],
    ["OOM command not allowed when used memory > 'maxmemory'.", 'full'],
    ['NOAUTH Authentication required.', 'unauthenticated'],
    ['WRONGPASS invalid username-password pair or user is disabled.', 'unauthenticated'],
    ["NOPERM User app has no permissions to run the 'evalsha' command", 'forbidden'],
    ['NOPERM this user has no permissions to access one of the keys used as arguments', 'forbidden'],
    ['MOVED 3999 127.0.0.1:7001', 'cross-slot'],
    ['ASK 3999 127.0.0.1:7001', 'cross-slot'],
    ["CROSSSLOT Keys in request don't hash to the same slot", 'cross-slot'],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'wrong-type'],
    ['MISCONF Redis is configured to save RDB snapshots, but …', 'not-persisting'],
    ['CLUSTERDOWN The cluster is down', 'unavailable'],
    ["ERR unknown command 'EVALSHA', with args beginning with: 'secret'", 'unknown-command'],
    [
      "ERR Error running script (call to f_1): @user_script:4: OOM command not allowed when used memory > 'maxmemory'.",
      'full',
    ],
    ["ERR The user executing the script can't run this command or subcommand script: 9fb5", 'forbidden'],
    ['ERR something new', 'other'],
  ])('%s is %s', (message, kind) => {
    expect(refusals.note(reply(message))?.kind).toBe(kind);
  });

  it('keeps neither keys nor values', () => {
    const refusal = refusals.note(
      reply('ERR unknown command `EVALSHA`, with args beginning with: `user:4711` `secret`'),
    );
    expect(refusal?.message).toBe('ERR unknown command `EVALSHA`');
    expect(refusals.note(reply(`ERR ${'x'.repeat(1_000)}`))?.message.length).toBeLessThan(200);
  });

  it('tells each kind once in ten seconds, remembers it for that long, and is no answer what is none', async () => {
    expect(refusals.note(new Error('Connection is closed.'))).toBeUndefined();
    expect(refusals.note(reply('READONLY a'))).toBeDefined();
    expect(refusals.note(reply('READONLY b'))).toBeUndefined();
    expect(refusals.lately).toEqual([{ kind: 'read-only', message: 'READONLY b' }]);
    await clock.advance(10_000);
    expect(refusals.lately).toEqual([]);
    expect(refusals.note(reply('READONLY c'))).toBeDefined();
  });
});
