import { Program } from './program.js';

describe('Program', () => {
  let program: Program;
  beforeEach(async () => {
    program = await Program.start('test/support/fixtures/echo.ts');
  });
  afterEach(() => program.kill());

  it('is called and answers, with values and with errors', async () => {
    const answers = await Promise.all([program.call('echo', 1, { two: [2] }), program.call('echo')]);
    expect(answers).toEqual([[1, { two: [2] }], []]);
    await expect(program.call('fail', 'too far')).rejects.toMatchObject({
      name: 'RangeError',
      message: 'too far',
      code: 'ECHO',
    });
    await expect(program.call('dance')).rejects.toThrow('This program has no function dance.');
  });

  it('says how it ended to those who wait, and to those who come later', async () => {
    const waiting = expect(program.call('never')).rejects.toMatchObject({ code: 'PROGRAM_ENDED' });
    await expect(program.call('exit')).rejects.toThrow('fixtures/echo.ts ended with code 3: goodbye');
    await waiting;
    await expect(program.call('echo')).rejects.toThrow('ended with code 3');
  });

  it('does nothing while frozen, and goes on when thawed', async () => {
    program.freeze();
    let answered = false;
    const call = program.call('echo', 1).then(() => (answered = true));
    const other = await Program.start('test/support/fixtures/echo.ts');
    await other.kill();
    expect(answered).toBe(false);
    program.thaw();
    expect(await call).toBe(true);
  });

  it('ends when killed, also while frozen', async () => {
    program.freeze();
    await program.kill();
    await expect(program.call('echo')).rejects.toThrow('ended with SIGKILL');
  });

  it('that cannot start is an error that says so', async () => {
    const start = Program.start('test/support/fixtures/no-such-program.ts');
    await expect(start).rejects.toThrow(/ended with code 1: [^]*Cannot find module/);
  });
});
