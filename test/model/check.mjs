// node check.mjs [part of a name] [limit]   — every variant in its smallest telling scenario. The limit bounds the search
// where no counterexample is expected; one that is expected is searched for until it is found.
import { explore } from './explore.mjs';
import { gathering } from './gathering.mjs';
import { protocol } from './protocol.mjs';

const two = [
  [0, 1],
  [1, 1],
]; //          one getOrSet in each process
const crowd = [
  [0, 1],
  [0, 1],
  [1, 1],
]; // two in process 0: joins
const again = [
  [0, 2],
  [1, 1],
]; //        process 0 calls twice
const by0 = (...kinds) => kinds.map((k) => [0, k]);
const known = { tags: 'known' };
const late = { tags: 'late' };

// name, scenario, rules changed, expected
const holds = [
  ['all rules: delete', { readers: two, writers: by0('del') }],
  ['all rules: delete, joiners', { readers: crowd, writers: by0('del') }],
  ['all rules: delete, repeated reads', { readers: again, writers: by0('del') }],
  [
    'all rules: two deletes',
    {
      readers: two,
      writers: [
        [0, 'del'],
        [1, 'del'],
      ],
    },
  ],
  [
    'all rules: foreign DEL, eviction, lease expiry',
    { readers: two, writers: [[-1, 'fdel']], faults: { evict: 1, expire: 1 } },
  ],
  ['all rules: tag', { readers: two, writers: by0('tag'), ...known }],
  ['all rules: tag, generation evicted', { readers: two, writers: by0('tag'), ...known, faults: { evictGen: 1 } }],
  ['all rules: late tag', { readers: two, writers: by0('tag'), ...late }],
  [
    'all rules: late tag, sequence evicted',
    { readers: two, writers: by0('tag'), ...late, faults: { evictSeq: 1, evictGen: 1 } },
  ],
  ['all rules: stale-while-revalidate', { readers: again, writers: by0('del'), faults: { stale: 1 } }],
  ['all rules: channel lost', { readers: two, writers: by0('del'), faults: { lose: 1 } }],
  ['all rules: cut off, backlog', { readers: two, writers: by0('del'), faults: { cut: 1 } }],
  ['all rules: Redis restarts empty', { readers: two, writers: by0('del'), faults: { restart: 1 } }],
  ['all rules: holder dies', { readers: two, writers: [[1, 'del']], faults: { crash: 1 } }],
  ['all rules: late-applied write', { readers: two, writers: by0('del'), faults: { late: 1 } }],
  ['all rules: a command times out, not applied', { readers: two, writers: by0('del'), faults: { timeout: 1 } }],
  [
    'all rules: set, then delete',
    {
      readers: [[0, 1]],
      writers: [
        [0, 'set'],
        [1, 'del'],
      ],
      serial: true,
      faults: { late: 1 },
    },
  ],
  ['all rules: set during a load', { readers: two, writers: [[1, 'set']] }],
  ['all rules, no channel: delete, joiners', { readers: crowd, writers: by0('del'), channel: false }],
  ['all rules, no channel: delete elsewhere, joiners', { readers: crowd, writers: [[1, 'del']], channel: false }],
  ['all rules, no channel: tag, joiners', { readers: crowd, writers: [[1, 'tag']], ...known, channel: false }],
  ['all rules, no channel: late tag, joiners', { readers: crowd, writers: [[1, 'tag']], ...late, channel: false }],
  [
    'all rules, no channel: late tag, joiners, nothing stored',
    { readers: crowd, writers: [[1, 'tag']], ...late, channel: false, refuse: true },
  ],
  [
    'all rules, no channel: tag, joiners, nothing stored',
    { readers: crowd, writers: [[1, 'tag']], ...known, channel: false, refuse: true },
  ],
  [
    'all rules, no channel: delete, joiners, nothing stored',
    { readers: crowd, writers: [[1, 'del']], channel: false, refuse: true },
  ],
  [
    'all rules, no channel: late tag, sequence and generation evicted, joiners',
    { readers: crowd, writers: [[1, 'tag']], ...late, channel: false, faults: { evictSeq: 1, evictGen: 1 } },
  ],
  ['all rules, no channel: late tag', { readers: two, writers: by0('tag'), ...late, channel: false }],
  [
    'all rules, no channel: set, then delete',
    {
      readers: [[0, 1]],
      writers: [
        [0, 'set'],
        [1, 'del'],
      ],
      serial: true,
      faults: { late: 1 },
      channel: false,
    },
  ],
  [
    'all rules, no channel: cut off, backlog',
    { readers: two, writers: by0('del'), faults: { cut: 1 }, channel: false },
  ],
  ['all rules, no channel: holder dies', { readers: two, writers: [[1, 'del']], faults: { crash: 1 }, channel: false }],
  [
    'all rules, no channel: stale-while-revalidate',
    { readers: again, writers: by0('del'), faults: { stale: 1 }, channel: false },
  ],
  ['all rules: fenced transaction', { readers: two, writers: [[1, 'tx']], faults: { crashTx: 1 } }],
];
const variants = [
  [
    'a separate lease key, our own delete of both',
    { readers: two, writers: by0('del') },
    { leaseInKey: false },
    'breaks',
  ],
  ['a separate lease key, foreign DEL', { readers: two, writers: [[-1, 'fdel']] }, { leaseInKey: false }, 'breaks'],
  ['a fill without token', { readers: two, writers: by0('del') }, { fillToken: false }, 'breaks'],
  ['b L1 store without mark', { readers: [[0, 1]], writers: [[1, 'del']] }, { mark: false }, 'breaks'],
  ['b writer drops after the reply only', { readers: two, writers: by0('del') }, { dropBefore: false }, 'holds'],
  ['b writer drops before sending only', { readers: two, writers: by0('del') }, { dropAfter: false }, 'breaks'],
  [
    'b writer leaves it to the message',
    { readers: two, writers: by0('del') },
    { dropBefore: false, dropAfter: false },
    'breaks',
  ],
  ['b no detach by local invalidation', { readers: two, writers: by0('del') }, { detachLocal: false }, 'breaks'],
  ['b no detach by message', { readers: two, writers: by0('del') }, { detachMessage: false }, 'breaks'],
  [
    'b flight without lease can be joined',
    { readers: two, writers: by0('del'), faults: { timeout: 1 } },
    { joinUnleased: true },
    'breaks',
  ],
  [
    'd invalidate by DEL, late tags',
    { readers: two, writers: by0('tag'), ...late },
    { genInvalidate: 'del' },
    'breaks',
  ],
  ['b filler does not store to L1', { readers: two, writers: by0('del') }, { l1AfterFill: false }, 'holds'],
  ['c generations read after the load', { readers: two, writers: by0('tag'), ...known }, { gens: 'after' }, 'breaks'],
  [
    'c late tags, a missing generation proves too much',
    { readers: two, writers: [[1, 'tag']], ...late, faults: { evictGen: 1 } },
    { stillSequence: false },
    'breaks',
  ],
  [
    'c late tags, who joined trusts what was not stored',
    { readers: crowd, writers: [[1, 'tag']], ...late, channel: false },
    { judgeUnstored: false },
    'breaks',
  ],
  [
    'c tags, who joined trusts what was not stored',
    { readers: crowd, writers: [[1, 'tag']], ...known, channel: false, refuse: true },
    { judgeUnstored: false },
    'breaks',
  ],
  ['c late tags without the sequence', { readers: two, writers: by0('tag'), ...late }, { gens: 'after' }, 'breaks'],
  [
    'c sequence restarts without epoch',
    {
      readers: [[0, 1]],
      writers: [
        [1, 'tag'],
        [1, 'tag'],
      ],
      serial: true,
      ...late,
      faults: { evictSeq: 1 },
    },
    { seqEpoch: false },
    'breaks',
  ],
  [
    'c read in two halves, entry first',
    { readers: two, writers: by0('tag'), ...known },
    { atomicRead: 'entryFirst' },
    'holds',
  ],
  [
    'c read in two halves, generations first',
    { readers: two, writers: by0('tag'), ...known },
    { atomicRead: 'gensFirst' },
    'holds',
  ],
  [
    'd missing generation is valid',
    { readers: two, writers: by0('tag'), ...known, faults: { evictGen: 1 } },
    { missing: 'valid' },
    'breaks',
  ],
  [
    'd counter that restarts',
    { readers: two, writers: by0('tag'), ...known, faults: { evictGen: 1 } },
    { genMake: 'counter' },
    'breaks',
  ],
  [
    'd invalidate by DEL, unique, missing = miss',
    { readers: two, writers: by0('tag'), ...known },
    { genInvalidate: 'del' },
    'holds',
  ],
  [
    'd invalidate by DEL, missing = valid',
    { readers: two, writers: by0('tag'), ...known },
    { genInvalidate: 'del', missing: 'valid' },
    'breaks',
  ],
  [
    'd invalidate by DEL, counter',
    { readers: two, writers: by0('tag'), ...known },
    { genInvalidate: 'del', genMake: 'counter' },
    'breaks',
  ],
  [
    'd acquire cannot replace an outdated value',
    { readers: [[0, 2]], writers: [[1, 'tag']], ...known },
    { acquireGens: false },
    'breaks',
  ],
  ['e delete only marks stale', { readers: two, writers: by0('del') }, { soft: true }, 'breaks'],
  [
    'e refresh without token',
    { readers: again, writers: by0('del'), faults: { stale: 1 } },
    { fillToken: false },
    'breaks',
  ],
  ['f no timer, no re-check of the mark', { readers: two }, { fallback: false, waitMark: false }, 'breaks'],
  ['f no timer', { readers: two, writers: by0('del') }, { fallback: false }, 'holds'],
  ['f no timer, holder dies', { readers: two, faults: { crash: 1 } }, { fallback: false }, 'holds'],
  ['f no timer, channel lost', { readers: two, faults: { lose: 1 } }, { fallback: false }, 'holds'],
  ['f no timer, tag', { readers: two, writers: by0('tag'), ...known }, { fallback: false }, 'holds'],
  ['f lease without end, holder dies', { readers: two, faults: { crash: 1 } }, { leaseTtl: false }, 'breaks'],
  [
    'g two concurrent set()',
    {
      readers: [[0, 1]],
      writers: [
        [0, 'set'],
        [1, 'set'],
      ],
    },
    {},
    'breaks',
  ],
  [
    'g set() of an older value beside a delete',
    {
      readers: [[0, 1]],
      writers: [
        [0, 'set'],
        [1, 'del'],
      ],
    },
    {},
    'breaks',
  ],
  ['g plain SET during a load', { readers: two, writers: [[1, 'set']] }, { setTicket: false }, 'holds'],
  [
    'h L2 read before the replay',
    { readers: two, writers: by0('del'), faults: { cut: 1 } },
    { replayFirst: false },
    'breaks',
  ],
  [
    'h a remembered set is replayed as set',
    {
      readers: [[0, 1]],
      writers: [
        [0, 'set'],
        [1, 'del'],
      ],
      serial: true,
      faults: { cut: 1 },
    },
    { replaySet: true },
    'breaks',
  ],
  [
    'i plain SET applied late',
    {
      readers: [[0, 1]],
      writers: [
        [0, 'set'],
        [1, 'del'],
      ],
      serial: true,
      faults: { late: 1 },
    },
    { setTicket: false },
    'breaks',
  ],
  [
    'i fill without token applied late',
    { readers: [[0, 1]], writers: [[1, 'del']], faults: { late: 1 } },
    { fillToken: false },
    'breaks',
  ],
  [
    'i retry writes the same generation again',
    {
      readers: [[1, 1]],
      writers: [
        [0, 'tag'],
        [1, 'tag'],
      ],
      serial: true,
      ...known,
      faults: { late: 1 },
    },
    { genOnce: false },
    'breaks',
  ],
  [
    'j generation kept in L1 without mark',
    { readers: two, writers: [[1, 'tag']], ...known },
    { genMark: false },
    'breaks',
  ],
  ['P2 L1 served while down', { readers: [[0, 3]], faults: { lose: 1 } }, { serveDown: true, flush: false }, 'breaks'],
  [
    'P2 no flush on loss',
    { readers: [[0, 2]], writers: [[1, 'del']], faults: { lose: 1 } },
    { flush: false },
    'breaks',
  ],
  [
    'P2 no detach on re-arm',
    { readers: two, writers: [[1, 'del']], faults: { lose: 1 } },
    { rearmDetach: false },
    'breaks',
  ],
  [
    'P2 marks placed while down count',
    { readers: [[0, 1]], writers: [[1, 'del']], faults: { lose: 1 } },
    { markNeedsChannel: false },
    'breaks',
  ],
  [
    'k no channel, a flight is joined on trust',
    {
      readers: [
        [0, 1],
        [0, 1],
      ],
      writers: [[1, 'del']],
      channel: false,
    },
    { joinRereads: false },
    'breaks',
  ],
  [
    'k no channel, a fill without token',
    { readers: two, writers: by0('del'), channel: false },
    { fillToken: false },
    'breaks',
  ],
  [
    'k no channel, no detach by local invalidation',
    {
      readers: [
        [0, 1],
        [0, 1],
      ],
      writers: by0('del'),
      channel: false,
    },
    { detachLocal: false },
    'breaks',
  ],
  ['P6 no fence', { readers: two, writers: [[1, 'tx']], faults: { crashTx: 1 } }, { fence: false }, 'breaks'],
  [
    'P6 fence may end before COMMIT',
    { readers: two, writers: [[1, 'tx']], faults: { crashTx: 1, expire: 1 } },
    { fenceOutlives: false },
    'breaks',
  ],
];

const batches = [
  ['all rules: two batches of two keys', { processes: 2, keys: 2 }],
  ['all rules: three batches of two keys', { processes: 3, keys: 2 }],
  ['all rules: batches, a process dies', { processes: 2, keys: 2, crash: 1 }],
  ['all rules: failing loads, three processes', { processes: 3, keys: 1, failing: true, renew: 1 }],
  ['all rules: failing loads, four processes', { processes: 4, keys: 1, failing: true }],
  ['all rules: failing batches', { processes: 2, keys: 2, failing: true, crash: 1 }],
  ['l a batch waits for all its keys', { processes: 2, keys: 2 }, { leaveOnWait: false }, 'breaks'],
  ['l no mark of failure', { processes: 3, keys: 1, failing: true }, { failureMark: false }, 'breaks'],
  [
    'l a renewed lease taken for a new one',
    { processes: 3, keys: 1, failing: true, renew: 1 },
    { ownLease: false },
    'breaks',
  ],
];

const [part = '', limit = '150000'] = process.argv.slice(2);
const scenarios = [
  ...[...holds, ...variants].map((row) => [protocol, ...row]),
  ...batches.map((row) => [gathering, ...row]),
];
let surprises = 0;
for (const [model, name, scenario, rules = {}, expected = 'holds'] of scenarios) {
  if (!name.includes(part)) continue;
  const result = explore({
    ...model({ ...scenario, rules }),
    limit: expected === 'holds' ? Number(limit) : 400_000,
  });
  const found = result.problem ? 'breaks' : 'holds';
  if (found !== expected) surprises++;
  const reach = result.problem ? '' : result.complete ? ' (all states)' : ' (search cut off)';
  console.log(`${found === expected ? 'ok  ' : 'ODD '} ${found}${reach}  ${name}  [${result.states} states]`);
  if (result.problem)
    console.log(`       ${result.problem}\n${result.trace.map((l, i) => `       ${i + 1}. ${l}`).join('\n')}`);
}
console.log(surprises ? `${surprises} results differ from what was expected` : 'all as expected');
process.exitCode = surprises ? 1 : 0;
