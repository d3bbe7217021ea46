// Several keys loaded together, and loads that fail: what `protocol.mjs`, with its one key, cannot show. Fills and
// invalidations are left out: each key of a batch keeps the rules of its own, and they do not know of each other. What is
// new is who waits for whom.

export const GATHERING_RULES = {
  leaveOnWait: true, // a key whose lease somebody else holds is no longer waited for by its batch
  failureMark: true, // a load that failed leaves a mark, which the next lease carries
  ownLease: true, //    a waiter does not take the lease it waits for, renewed, for a new one
};

/**
 * `processes` processes ask for all of `keys` keys in one batch each. `failing`: every load fails. A process may die
 * (`crash`), and a lease may be renewed, which wakes those who wait for it (`renew`).
 */
export function gathering({ processes, keys, failing = false, crash = 0, renew = 0, rules: changed = {} }) {
  const rules = { ...GATHERING_RULES, ...changed };
  const all = (n, make) => Array.from({ length: n }, (_, i) => make(i));
  const initial = {
    // lease: whose; carried: the load before this lease failed; mark: the last load failed, nobody has the lease
    k: all(keys, () => ({ v: 0, lease: -1, carried: 0, mark: 0 })),
    p: all(processes, () => ({ dead: 0, items: all(keys, () => ({ pc: 'look', of: -1, failures: 0 })) })),
    F: { crash, renew },
    bad: '',
  };
  const finished = ({ pc }) => pc === 'done' || pc === 'failed';
  const undecided = ({ pc }) => pc === 'look' || (!rules.leaveOnWait && pc === 'wait');

  /** Looks at a key: its value, its lease, or the way to it. */
  function look(N, p, k) {
    const key = N.k[k];
    const item = N.p[p].items[k];
    if (key.v) return void (item.pc = 'done');
    if (key.lease < 0) {
      item.pc = 'in';
      Object.assign(key, { lease: p, carried: rules.failureMark ? key.mark : 0, mark: 0 });
      return;
    }
    const another = rules.ownLease ? item.of >= 0 && item.of !== key.lease : item.of >= 0;
    if (another && key.carried) return void (item.pc = 'alone');
    if (item.of !== key.lease) item.failures += item.of >= 0 && failing && !N.p[item.of].dead ? 1 : 0;
    if (item.failures > 0) N.bad = 'P5 a caller waits for one failing load after the other';
    item.of = key.lease;
    item.pc = 'wait';
  }

  const end = (N, p, k) => {
    const key = N.k[k];
    const item = N.p[p].items[k];
    item.pc = failing ? 'failed' : 'done';
    if (key.lease !== p) return;
    Object.assign(key, failing ? { lease: -1, mark: 1, carried: 0 } : { v: 1, lease: -1, carried: 0 });
  };

  const steps = (S) => {
    const list = [];
    S.p.forEach((P, p) => {
      if (P.dead) return;
      P.items.forEach(({ pc }, k) => {
        const me = `P${p} key ${k}`;
        if (pc === 'look' || pc === 'wait') list.push([`${me} looks`, (N) => look(N, p, k)]);
        if (pc === 'load' || pc === 'alone') list.push([`${me}: its load ends`, (N) => end(N, p, k)]);
      });
      if (P.items.some(({ pc }) => pc === 'in') && !P.items.some(undecided)) {
        list.push([
          `P${p} loads what it leads`,
          (N) => {
            for (const item of N.p[p].items) if (item.pc === 'in') item.pc = 'load';
            const loads = (k) => N.p.filter((Q) => !Q.dead && Q.items[k].pc === 'load').length;
            if (N.k.some((_, k) => loads(k) > 1)) N.bad = 'P3 two loads at a time';
          },
        ]);
      }
      if (S.F.crash > 0) {
        list.push([`P${p} dies`, (N) => void ((N.p[p].dead = 1), N.F.crash--), true]);
      }
    });
    S.k.forEach(({ lease }, k) => {
      if (lease >= 0 && S.p[lease].dead) list.push([`the lease of key ${k} ends`, (N) => void (N.k[k].lease = -1)]);
      const wakes = (item) => item.pc === 'wait' && item.of === lease;
      if (lease >= 0 && S.F.renew > 0 && S.p.some((P) => !P.dead && wakes(P.items[k]))) {
        list.push([
          `the lease of key ${k} is renewed, and its waiters look`,
          (N) => {
            N.F.renew--;
            N.p.forEach((P, p) => !P.dead && wakes(P.items[k]) && look(N, p, k));
            if (N.p.some((P) => !P.dead && P.items[k].pc === 'alone')) N.bad = 'P3 two loads at a time';
          },
          true,
        ]);
      }
    });
    return list;
  };
  const wrong = (S) => S.bad;
  const settled = (S) => S.p.every((P) => P.dead || P.items.every(finished));
  return { initial, steps, wrong, settled };
}
