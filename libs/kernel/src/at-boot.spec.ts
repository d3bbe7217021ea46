import { inspect } from 'node:util';
import { atBoot } from './at-boot.js';
import { OptionCheck } from './option-check.js';

function wrongOptions(): never {
  const check = new OptionCheck('CacheModule');
  check.positiveInteger('size', 0);
  check.throwIfAny();
  throw new Error('unreachable');
}

const thrownBy = (make: () => unknown): Error => {
  try {
    make();
  } catch (error) {
    return error as Error;
  }
  throw new Error('Nothing was thrown.');
};

describe('atBoot', () => {
  it('returns what was made', () => {
    expect(atBoot(() => 5)).toBe(5);
  });

  it('lets wrong options be told without where in the library they were found', () => {
    const error = thrownBy(() => atBoot(wrongOptions));
    expect(error.stack).toBe(`InvalidOptionsError: ${error.message}`);
    expect(inspect(error)).not.toMatch(/^ *at /m);
    expect(thrownBy(wrongOptions).stack).toMatch(/^ *at /m);
  });

  it('leaves every other error its stack', () => {
    const defect = thrownBy(() =>
      atBoot(() => {
        throw new TypeError('a defect');
      }),
    );
    expect(defect.stack).toMatch(/^ *at /m);
  });
});
