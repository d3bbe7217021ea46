import { judgeSizing } from './sizing.js';

const OPTIONS = {
  connectionLimit: 10,
  instances: 1,
  idleTimeout: 30_000,
  slowQueryThreshold: 1_000,
  statementTimeout: undefined,
};
const SERVER = { maxConnections: 100, reserved: 3, idleSessionTimeout: 0, statementTimeout: 0 };

describe('the sizes of pool and server', () => {
  it('fit', () => {
    expect(judgeSizing(OPTIONS, SERVER)).toEqual([]);
    expect(judgeSizing({ ...OPTIONS, instances: 9 }, SERVER)).toEqual([]);
  });

  it('count all instances against what the server has for applications', () => {
    expect(judgeSizing({ ...OPTIONS, instances: 10 }, SERVER)).toEqual([
      expect.stringMatching(/10 × 10 instances is 100 connections; the server has 97[^]*connectionLimit to 9 or less/),
    ]);
  });

  it('find time-outs that contradict each other', () => {
    expect(judgeSizing(OPTIONS, { ...SERVER, idleSessionTimeout: 10_000 })).toEqual([
      expect.stringMatching(/before idleTimeout \(30000 ms\)/),
    ]);
    expect(judgeSizing(OPTIONS, { ...SERVER, statementTimeout: 500 })).toEqual([
      expect.stringMatching(/before they count as slow \(1000 ms\)/),
    ]);
    expect(judgeSizing({ ...OPTIONS, statementTimeout: 5_000 }, { ...SERVER, statementTimeout: 500 })).toEqual([]);
  });
});
