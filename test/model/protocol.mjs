// The coherence protocol as atomic steps. One cache key, one tag generation, one database row.
// A server step and the client's handling of its reply are two steps: messages may overtake replies.

export const RULES = {
  leaseInKey: true, //      false: lease in a key of its own; a foreign DEL removes the value only
  fillToken: true, //       fill only while our lease token stands
  mark: true, //            L1 store only if the pending mark is intact
  genMark: true, //         the same for generations kept in L1
  dropBefore: true, //      writer drops its own L1, marks and flights before it sends
  dropAfter: true, //       ... and again when the reply is there
  detachLocal: true, //     a local invalidation detaches flights
  detachMessage: true, //   a message detaches flights
  gens: 'before', //        generations stored are those read before | after the load
  missing: 'miss', //       a missing generation is a miss | valid
  genMake: 'unique', //     new generations are unique | a counter that restarts
  genInvalidate: 'write', // write | del
  genOnce: true, //         every attempt to write a generation draws a new one
  atomicRead: true, //      entry and generations in one server step; false: 'entryFirst' or 'gensFirst'
  acquireGens: true, //     acquire replaces a value whose generations the reader found outdated
  waitMark: true, //        a waiter whose mark broke before it slept reads again at once
  fallback: true, //        waiters also wake by a timer
  leaseTtl: true, //        the lease of a dead holder runs out
  serveDown: false, //      L1 served while tracking is known to be down
  flush: true, //           losing the channel flushes L1 and breaks marks
  rearmDetach: true, //     losing and re-arming detach flights
  markNeedsChannel: true, // marks placed while the channel is down are born broken
  replayFirst: true, //     the backlog is replayed before L2 is read or filled
  replaySet: false, //      a remembered set() is replayed as that set, not as a delete
  setTicket: true, //       set() = forced lease, then fill by token; false: plain SET
  seqEpoch: true, //        the server sequence restarts under a new random epoch
  soft: false, //           delete only marks the value stale (and stale is served)
  fence: true, //           transaction: DEL and block fills before COMMIT
  fenceOutlives: true, //   COMMIT only while the fence stands
  joinUnleased: false, //   a flight that loads without a lease may be joined while the channel is up
  l1AfterFill: true, //     the filler stores its own value into L1
  joinRereads: true, //     without a channel, who joined a flight reads the store again when it has landed
  stillSequence: true, //   a generation that was missing proves nothing unless the sequence stands where it stood
  giveBack: true, //        who hears that the generation of its load is no more gives the lease back, and loads on
  judgeUnstored: true, //   a value that is not stored goes to those who joined only if all it depends on still stands
};

// `channel: false`: a process hears nothing of the others (Redis without L1); there is no L1 then, and flights are joined
// only after the store was read. `refuse`: no value may be stored (`unless`, too large).
export function protocol({
  rules: changed = {},
  readers,
  writers = [],
  tags = 'none',
  faults = {},
  serial = false,
  channel = true,
  refuse = false,
}) {
  const rules = { ...RULES, ...changed };
  const tagged = tags !== 'none';
  const token = (S, i) => (i + 1) * 10 + S.r[i].n;

  const initial = {
    db: 0,
    key: null, // { v: null | { v, g }, st, t }
    lk: 0, // separate lease key
    g: 0,
    gs: null, // generation and the sequence it was drawn at
    s: [0, 0], // server sequence: epoch, number
    u: 1, // next unique number (stands for randomness)
    gf: 0,
    cf: 0, // floors: invalidations that returned; commits of a crashed writer
    late: [],
    P: [0, 1].map(() => ({
      l: null,
      lg: 0,
      f: -1,
      ch: channel ? 'up' : 'none',
      m: [],
      up: 1,
      bl: [],
      of: 0,
      df: 0,
      dead: 0,
    })),
    r: readers.map(([p, n]) => ({ p, n, pc: 'idle' })),
    w: writers.map(([p, kind]) => ({ p, kind, pc: kind === 'tx' && rules.fence ? 'fence' : 'db' })),
    F: faults,
    bad: '',
  };

  // ---- server side -------------------------------------------------------------------------------------------
  const tell = (S, message) => {
    for (const P of S.P) if (P.ch === 'up' && !P.dead && P.m.at(-1) !== message) P.m.push(message);
  };
  const undisturbed = (S) => {
    for (const r of S.r) if (r.cur) r.cur = 0;
  };
  const dropKey = (S) => {
    if (S.key) tell(S, 'K');
    S.key = null;
    undisturbed(S);
  };
  const drawGen = (S, id) => {
    S.s[1]++;
    S.g = id ?? (rules.genMake === 'unique' ? 100 + S.u++ : S.g + 1);
    S.gs = [...S.s];
    tell(S, 'G');
  };
  const invalidateTag = (S, id) => {
    if (rules.genInvalidate === 'write') drawGen(S, id);
    else if (S.g) ((S.g = 0), (S.gs = null), tell(S, 'G'));
    undisturbed(S);
  };
  const valid = (S, v) => v && (!tagged || (v.g === S.g && (S.g || rules.missing === 'valid')));
  const server = {
    del(S) {
      if (rules.soft && S.key?.v) ((S.key.st = 1), (S.key.t = 0), tell(S, 'K'), undisturbed(S));
      else (dropKey(S), (S.lk = 0));
    },
    fdel: dropKey,
    tag: (S, c) => invalidateTag(S, c.id),
    ticket(S, c) {
      S.key = { v: null, st: 0, t: c.t };
      S.lk = rules.leaseInKey ? 0 : c.t;
      tell(S, 'K');
      undisturbed(S);
    },
    set(S, c) {
      S.key = { v: { v: c.v, g: c.g ?? 0 }, st: 0, t: 0 };
      S.lk = 0;
      tell(S, 'K');
      undisturbed(S);
    },
    acq(S, c) {
      if (!S.key && rules.leaseInKey) ((S.key = { v: null, st: 0, t: c.t }), tell(S, 'K'));
    },
    fill(S, c) {
      const lease = rules.leaseInKey ? S.key?.t : S.lk;
      if (rules.fillToken && lease !== c.t) return false;
      if (tagged && rules.gens === 'after') {
        if (!S.g && rules.missing === 'miss') drawGen(S);
        c.g = S.g;
      }
      S.key = { v: { v: c.v, g: c.g ?? 0 }, st: 0, t: 0 };
      S.lk = 0;
      tell(S, 'K');
      return true;
    },
  };

  // ---- client side -------------------------------------------------------------------------------------------
  const breakMarks = (S, p, which) => {
    for (const r of S.r) if (r.p === p && r[which]) r[which] = 0;
  };
  const wake = (S, p) => {
    for (const r of S.r) if (r.p === p && r.pc === 'wait') r.pc = 'get';
  };
  const dropLocal = (S, p, kind) => {
    if (p < 0) return;
    const P = S.P[p];
    if (kind === 'tag') ((P.lg = 0), breakMarks(S, p, 'mg'));
    else ((P.l = null), breakMarks(S, p, 'mk'));
    if (rules.detachLocal) P.f = -1;
  };
  const placeMarks = (S, r) => {
    r.mk = r.mg = !rules.markNeedsChannel || S.P[r.p].ch !== 'down' ? 1 : 0;
  };
  const reset = (r) => {
    for (const k of Object.keys(r)) if (!['p', 'n'].includes(k)) delete r[k];
    r.pc = 'idle';
  };
  const finish = (S, i, v, source) => {
    const r = S.r[i];
    const own = ['L2', 'own load'].includes(source) || (!channel && source === 'joined flight');
    const floor = own ? Math.max(r.fg, r.fp) : r.fp;
    if (v < floor) S.bad = `P1 reader ${i} got v${v} from ${source}, started after an invalidation at v${floor}`;
    reset(r);
    if (S.P[r.p].f === i) S.P[r.p].f = -1;
    S.r.forEach((o, j) => {
      if (o.pc !== 'join' || o.j !== i) return;
      if (channel || !rules.joinRereads) finish(S, j, v, 'joined flight');
      else {
        o.pc = 'get';
        delete o.j;
      }
    });
  };
  const joinersOf = (S, i) => S.r.flatMap((o, j) => (o.pc === 'join' && o.j === i ? [j] : []));
  /** Who comes from now on starts a flight of its own. */
  const closeFlight = (S, i) => {
    const P = S.P[S.r[i].p];
    if (P.f === i) P.f = -1;
  };
  const end = (S, i, source) => (S.r[i].bg ? reset(S.r[i]) : finish(S, i, S.r[i].v, source));
  const l1Hit = (P) => channel && P.l && (P.ch !== 'down' || rules.serveDown) && (!tagged || (P.l.g === P.lg && P.lg));

  function readerSteps(S, i, add) {
    const r = S.r[i];
    const P = S.P[r.p];
    const me = `R${i}@${r.p}`;
    if (P.dead) return;
    const blocked = P.bl.length && rules.replayFirst;
    const sent = (label, change, onFail, late) => {
      if (P.up && !blocked) add(`${me} ${label} [server]`, change);
      if (!P.up || blocked) add(`${me} ${label} fails: Redis not usable`, onFail);
      if (P.up && S.F.timeout > 0)
        add(
          `${me} ${label} times out`,
          (N) => {
            N.F.timeout--;
            onFail(N);
          },
          true,
        );
      if (P.up && late && S.F.late > 0)
        add(
          `${me} ${label} times out, still in flight`,
          (N) => {
            N.F.late--;
            N.late.push(late);
            onFail(N);
          },
          true,
        );
    };
    const noStore = (N) => {
      N.r[i].pc = 'load';
      N.r[i].no = 1;
      const Q = N.P[r.p];
      if (!rules.joinUnleased && Q.ch !== 'down' && Q.f === i) Q.f = -1;
    };
    switch (r.pc) {
      case 'idle':
        if (r.n > 0)
          add(`${me} starts`, (N) => {
            const x = N.r[i],
              Q = N.P[x.p];
            x.n--;
            x.fg = N.gf;
            x.fp = Math.max(Q.of, Q.df);
            if (l1Hit(Q)) {
              if (Q.ch === 'down') N.bad = 'P2 served from L1 while the channel is known to be down';
              finish(N, i, Q.l.v, 'L1');
            } else if (!channel) x.pc = 'get';
            else if (Q.f >= 0) ((x.pc = 'join'), (x.j = Q.f));
            else ((Q.f = i), (x.pc = 'get'), placeMarks(N, x));
          });
        break;
      case 'get':
        sent(
          'GET',
          (N) => {
            const x = N.r[i];
            placeMarks(N, x); // at the latest moment that is safe: with the command, never with its reply
            x.x = { k: N.key, lk: N.lk, g: N.g, s: [...N.s] };
            x.pc = rules.atomicRead === true || !tagged ? 'got' : 'get2';
          },
          noStore,
        );
        break;
      case 'get2': // the second half of a read that is not atomic (Redis Cluster: other slot)
        sent(
          'GET second half',
          (N) => {
            const x = N.r[i];
            if (rules.atomicRead === 'entryFirst') x.x.g = N.g;
            else ((x.x.k = N.key), (x.x.lk = N.lk));
            x.pc = 'got';
          },
          noStore,
        );
        break;
      case 'got':
        add(`${me} handles the GET reply`, (N) => {
          const x = N.r[i],
            Q = N.P[x.p],
            { k, lk, g, s } = x.x;
          const lease = rules.leaseInKey ? (k?.t ?? 0) : lk;
          const usable = k?.v && (!tagged || (k.v.g === g && (g || rules.missing === 'valid')));
          if (tagged && (x.mg || !rules.genMark)) Q.lg = g;
          delete x.x;
          x.g = g;
          x.s = s;
          if (usable && !k.st) {
            if (x.mk || !rules.mark) Q.l = k.v;
            x.v = k.v.v;
            return end(N, i, 'L2');
          }
          if (usable) {
            // stale, allowed: answer now, refresh behind
            if (!x.bg) {
              const { fg, fp } = x;
              finish(N, i, k.v.v, 'L2');
              Object.assign(N.r[i], { bg: 1, g, s, fg, fp });
            }
            if (lease) return reset(N.r[i]);
            N.r[i].pc = 'acq';
            return;
          }
          if (lease === 'F') return noStore(N);
          if (!channel && !x.bg && Q.f !== i) {
            // only now is it known that a load is needed
            if (Q.f >= 0) {
              x.pc = 'join';
              x.j = Q.f;
              return;
            }
            Q.f = i;
          }
          if (lease) {
            x.pc = rules.waitMark && !x.mk ? 'get' : 'wait';
            return;
          }
          x.pc = tags === 'known' && !g && rules.missing === 'miss' && rules.gens === 'before' ? 'mkgen' : 'acq';
        });
        break;
      case 'mkgen':
        sent(
          'creates the generation',
          (N) => {
            if (!N.g) drawGen(N);
            N.r[i].g = N.g;
            N.r[i].pc = 'acq';
          },
          noStore,
        );
        break;
      case 'acq':
        sent(
          'acquires',
          (N) => {
            const x = N.r[i];
            const k = N.key;
            const lease = rules.leaseInKey ? k?.t : N.lk;
            const fresh =
              k?.v &&
              !k.st &&
              (!tagged || !rules.acquireGens || k.v.g === x.g || (rules.gens === 'after' && valid(N, k.v)));
            if (fresh || lease) {
              x.pc = 'denied';
              return;
            }
            const keep = k?.v && k.st ? k.v : null;
            if (rules.leaseInKey) N.key = { v: keep, st: keep ? 1 : 0, t: token(N, i) };
            else N.lk = token(N, i);
            if (rules.leaseInKey) tell(N, 'K');
            x.pc = 'granted';
            x.cur = 1;
          },
          noStore,
          { k: 'acq', t: token(S, i) },
        );
        break;
      case 'denied':
        add(`${me} hears: not granted`, (N) => {
          if (N.r[i].bg) reset(N.r[i]);
          else N.r[i].pc = 'get';
        });
        break;
      case 'granted':
        add(`${me} hears: granted, load starts`, (N) => {
          N.r[i].pc = 'load';
          if (N.r.filter((o) => o.pc === 'load' && o.cur).length > 1) N.bad = 'P3 two loads at a time';
        });
        break;
      case 'load':
        if (rules.giveBack && tagged && tags !== 'late' && S.P[r.p].f !== i && S.g !== r.g && S.key?.t === token(S, i))
          add(`${me} gives the lease back`, (N) => {
            N.key = N.key.v ? { ...N.key, t: 0 } : null;
            tell(N, 'K');
            delete N.r[i].cur;
          });
        add(`${me} load reads the database`, (N) => {
          const x = N.r[i];
          x.v = N.db;
          delete x.cur;
          x.pc = x.no ? 'loaded' : tags === 'late' ? 'prove' : refuse ? 'refused' : 'fill';
          placeMarks(N, x);
        });
        break;
      case 'refused': // the load takes its time after it has read the database
        add(`${me} load ends, the value may not be stored`, (N) => {
          closeFlight(N, i);
          N.r[i].pc = 'giveup';
        });
        break;
      case 'loaded':
        add(`${me} load ends, nothing stored`, (N) => end(N, i, 'own load'));
        break;
      case 'prove': // tags known only now: were they untouched since the sequence was read?
        sent(
          'reads generations of late tags',
          (N) => {
            const x = N.r[i];
            const sameEpoch = !rules.seqEpoch || N.s[0] === x.s[0];
            const still = !N.g && (!rules.stillSequence || (sameEpoch && N.s[1] === x.s[1]));
            if (!N.g) drawGen(N);
            x.proven = still || (N.gs[1] <= x.s[1] && (!rules.seqEpoch || N.gs[0] === x.s[0])) ? 1 : 0;
            x.g = N.g;
            if ((x.proven || rules.gens === 'after') && !refuse) {
              x.pc = 'fill';
              placeMarks(N, x);
            } else {
              x.pc = 'giveup';
              closeFlight(N, i);
            }
          },
          (N) => end(N, i, 'own load'),
        );
        break;
      case 'giveup': // free the lease so that the next caller need not wait
        sent(
          'releases the lease',
          (N) => {
            const stood = N.key?.t === token(N, i);
            if (stood) {
              N.key = N.key.v ? { ...N.key, t: 0 } : null;
              tell(N, 'K');
            }
            if (!channel && stood) N.r[i].pc = 'judge';
            else end(N, i, 'own load');
          },
          (N) => end(N, i, 'own load'),
        );
        break;
      case 'judge': // may those who joined have what was not stored?
        sent(
          'reads the generations again',
          (N) => {
            const x = N.r[i];
            const known = tags !== 'late' || x.proven;
            const same = !tagged || (known ? N.g === x.g : N.s[0] === x.s[0] && N.s[1] === x.s[1]);
            if (same || !rules.judgeUnstored) for (const j of joinersOf(N, i)) finish(N, j, x.v, 'joined flight');
            end(N, i, 'own load');
          },
          (N) => end(N, i, 'own load'),
        );
        break;
      case 'fill':
        sent(
          'fills',
          (N) => {
            const x = N.r[i];
            const c = { t: token(N, i), v: x.v, g: x.g };
            x.ok = server.fill(N, c) ? 1 : 0;
            x.g = c.g;
            x.pc = 'filled';
          },
          (N) => end(N, i, 'own load'),
          { k: 'fill', t: token(S, i), v: r.v, g: r.g },
        );
        break;
      case 'filled':
        add(`${me} hears: ${r.ok ? 'filled' : 'fenced off'}`, (N) => {
          const x = N.r[i],
            Q = N.P[x.p];
          if (x.ok && rules.l1AfterFill && (x.mk || !rules.mark)) Q.l = { v: x.v, g: x.g ?? 0 };
          end(N, i, 'own load');
        });
        break;
      case 'wait':
        if (rules.fallback)
          add(`${me} looks again (timer)`, (N) => {
            N.r[i].pc = 'get';
          });
        break;
    }
  }

  const command = (S, j) => {
    const w = S.w[j];
    if (w.kind === 'set')
      return rules.setTicket
        ? w.pc === 'exec'
          ? { k: 'ticket', t: 900 + j }
          : { k: 'fill', t: 900 + j, v: w.v, g: w.g }
        : { k: 'set', v: w.v, g: S.g };
    if (w.kind === 'tag') return { k: 'tag', id: rules.genOnce ? undefined : 500 + j };
    return { k: w.kind === 'tx' ? 'del' : w.kind };
  };
  const returns = (S, j, reached) => {
    const w = S.w[j];
    w.pc = 'done';
    if (w.p >= 0) S.P[w.p].of = Math.max(S.P[w.p].of, w.v);
    if (reached) S.gf = Math.max(S.gf, w.v);
  };

  function writerSteps(S, j, add) {
    const w = S.w[j];
    if (serial && j && !['done', 'dead'].includes(S.w[j - 1].pc)) return;
    const P = w.p < 0 ? { up: 1, bl: [] } : S.P[w.p];
    if (P.dead) return;
    const me = `W${j}@${w.p} ${w.kind}`;
    const local = w.kind === 'tag' ? 'tag' : 'key';
    switch (w.pc) {
      case 'fence':
        if (P.up)
          add(`${me} fences [server]`, (N) => {
            server.ticket(N, { t: 'F' });
            N.w[j].pc = 'db';
          });
        break;
      case 'db':
        if (w.kind === 'tx' && rules.fence && rules.fenceOutlives && S.key?.t !== 'F') break; // the commit is refused
        add(`${me} commits v${S.db + 1}`, (N) => {
          N.w[j].v = ++N.db;
          N.w[j].pc = 'loc';
        });
        break;
      case 'loc':
        add(`${me} drops its own L1, sends`, (N) => {
          if (rules.dropBefore) dropLocal(N, w.p, local);
          N.w[j].pc = 'exec';
        });
        if (w.kind === 'tx' && S.F.crashTx > 0)
          add(
            `${me} dies after COMMIT`,
            (N) => {
              N.F.crashTx--;
              N.w[j].pc = 'dead';
              N.cf = w.v;
            },
            true,
          );
        break;
      case 'exec':
      case 'exec2': {
        const fail = (N) => {
          if (rules.dropAfter) dropLocal(N, w.p, local);
          const kind = w.kind === 'tag' || (w.kind === 'set' && rules.replaySet) ? w.kind : 'del';
          N.P[w.p].bl.push([kind, w.v, rules.genOnce ? 0 : 500 + j]);
          returns(N, j, false);
        };
        if (P.up && !P.bl.length)
          add(`${me} [server]`, (N) => {
            const c = command(N, j);
            if (c.k === 'ticket' && tagged && !N.g) drawGen(N);
            if (c.k === 'ticket') N.w[j].g = N.g;
            server[c.k](N, c);
            N.w[j].pc = c.k === 'ticket' ? 'rep1' : 'rep';
          });
        else if (w.p >= 0) add(`${me} cannot reach Redis: remembered, returns`, fail);
        if (P.up && S.F.late > 0 && w.p >= 0)
          add(
            `${me} times out, still in flight; remembered, returns`,
            (N) => {
              N.F.late--;
              N.late.push(command(N, j));
              fail(N);
            },
            true,
          );
        break;
      }
      case 'rep1':
        add(`${me} has its ticket`, (N) => {
          N.w[j].pc = 'exec2';
        });
        break;
      case 'rep':
        add(`${me} returns`, (N) => {
          if (rules.dropAfter) dropLocal(N, w.p, local);
          returns(N, j, true);
        });
        break;
    }
  }

  function processSteps(S, p, add) {
    const P = S.P[p];
    if (P.dead) return;
    if (P.m.length && P.ch === 'up')
      add(`message ${P.m[0]} reaches process ${p}`, (N) => {
        const message = N.P[p].m.shift();
        if (message === 'K') ((N.P[p].l = null), breakMarks(N, p, 'mk'));
        else ((N.P[p].lg = 0), breakMarks(N, p, 'mg'));
        if (rules.detachMessage) N.P[p].f = -1;
        if (message === 'K') wake(N, p);
      });
    if (P.ch === 'lost') add(`process ${p} notices the lost channel`, (N) => noticeLoss(N, p));
    if (P.ch === 'down' && P.up)
      add(`process ${p} re-arms tracking`, (N) => {
        N.P[p].ch = 'up';
        if (rules.rearmDetach) N.P[p].f = -1;
        wake(N, p);
      });
    if (P.bl.length && P.up)
      add(`process ${p} replays ${P.bl[0][0]} [server]`, (N) => {
        const [kind, v, id] = N.P[p].bl.shift();
        server[kind](N, { id: id || undefined, v, g: N.g });
        dropLocal(N, p, kind);
        N.gf = Math.max(N.gf, v);
      });
    if (!P.up)
      add(`process ${p} reaches Redis again`, (N) => {
        N.P[p].up = 1;
      });
    if (S.F.lose > 0 && P.ch === 'up')
      add(
        `channel of ${p} breaks, its messages are lost`,
        (N) => {
          N.F.lose--;
          N.P[p].ch = 'lost';
          N.P[p].m = [];
        },
        true,
      );
    if (S.F.cut > 0 && P.up)
      add(
        `process ${p} is cut off from Redis`,
        (N) => {
          N.F.cut--;
          N.P[p].up = 0;
          if (N.P[p].ch === 'up') ((N.P[p].ch = 'lost'), (N.P[p].m = []));
        },
        true,
      );
    if (S.F.crash > 0 && S.P.every((o) => !o.dead))
      add(
        `process ${p} dies`,
        (N) => {
          N.F.crash--;
          N.P[p] = { ...N.P[p], dead: 1, l: null, f: -1, m: [], bl: [] };
          for (const r of N.r)
            if (r.p === p) {
              const { n } = r;
              reset(r);
              r.n = 0;
              r.last = n;
            }
          for (const w of N.w) if (w.p === p) w.pc = 'dead';
          undisturbed(N);
        },
        true,
      );
  }
  const noticeLoss = (N, p) => {
    N.P[p].ch = 'down';
    if (rules.flush) ((N.P[p].l = null), (N.P[p].lg = 0), breakMarks(N, p, 'mk'), breakMarks(N, p, 'mg'));
    if (rules.rearmDetach) N.P[p].f = -1;
    wake(N, p);
  };

  function serverSteps(S, add) {
    S.late.forEach((c, i) =>
      add(`a timed-out ${c.k} is applied now [server]`, (N) => {
        N.late.splice(i, 1);
        server[c.k](N, c);
      }),
    );
    const t = (rules.leaseInKey ? S.key?.t : S.lk) || 0;
    if (t) {
      const holder = S.r.find(
        (r, i) => token(S, i) === t && ['granted', 'load', 'prove', 'fill', 'giveup'].includes(r.pc) && !S.P[r.p].dead,
      );
      const setter = S.w.find((w, j) => t === 900 + j && ['rep1', 'exec2'].includes(w.pc));
      const fencer =
        t === 'F' && S.w.some((w) => w.kind === 'tx' && (w.pc === 'db' || !['dead', 'done'].includes(w.pc)));
      const alive = holder || setter || fencer;
      if ((!alive && rules.leaseTtl) || S.F.expire > 0)
        add(
          'the lease runs out',
          (N) => {
            if (alive) N.F.expire--;
            N.lk = 0;
            if (N.key && rules.leaseInKey) {
              if (N.key.v) N.key.t = 0;
              else ((N.key = null), tell(N, 'K'));
            }
            undisturbed(N);
          },
          Boolean(alive),
        );
    }
    if (S.F.evict > 0 && S.key)
      add(
        'the key is evicted',
        (N) => {
          N.F.evict--;
          dropKey(N);
        },
        true,
      );
    if (S.F.evict > 0 && S.lk)
      add(
        'the lease key is evicted',
        (N) => {
          N.F.evict--;
          N.lk = 0;
          undisturbed(N);
        },
        true,
      );
    if (S.F.evictGen > 0 && S.g)
      add(
        'the generation is evicted',
        (N) => {
          N.F.evictGen--;
          N.g = 0;
          N.gs = null;
          tell(N, 'G');
          undisturbed(N);
        },
        true,
      );
    if (S.F.evictSeq > 0 && S.s[1])
      add(
        'the sequence is evicted',
        (N) => {
          N.F.evictSeq--;
          N.s = [rules.seqEpoch ? N.u++ : 0, 0];
        },
        true,
      );
    if (S.F.stale > 0 && S.key?.v && !S.key.st)
      add(
        'the value becomes stale (soft TTL)',
        (N) => {
          N.F.stale--;
          N.key.st = 1;
        },
        true,
      );
    if (S.F.restart > 0)
      add(
        'Redis restarts empty',
        (N) => {
          N.F.restart--;
          Object.assign(N, { key: null, lk: 0, g: 0, gs: null, s: [rules.seqEpoch ? N.u++ : 0, 0] });
          N.P.forEach((P, p) => {
            if (!P.dead) {
              P.m = [];
              noticeLoss(N, p);
            }
          });
          undisturbed(N);
        },
        true,
      );
  }

  const steps = (S) => {
    const list = [];
    const add = (label, change, isFault = false) =>
      list.push([
        label,
        (N) => {
          change(N);
          for (const P of N.P) if (P.ch === 'up' && !P.m.length) P.df = N.gf;
        },
        isFault,
      ]);
    S.r.forEach((_, i) => readerSteps(S, i, add));
    S.w.forEach((_, j) => writerSteps(S, j, add));
    S.P.forEach((_, p) => processSteps(S, p, add));
    serverSteps(S, add);
    return list;
  };

  // What would a getOrSet that starts now be given?
  const wrong = (S) => {
    if (S.bad) return S.bad;
    if (valid(S, S.key?.v) && S.key.v.v < Math.max(S.gf, S.cf))
      return `P1 L2 serves v${S.key.v.v} after an invalidation at v${Math.max(S.gf, S.cf)}`;
    for (const [p, P] of S.P.entries()) {
      const floor = Math.max(P.of, P.df, P.ch === 'up' && !P.m.length ? S.cf : 0);
      if (!P.dead && l1Hit(P) && P.l.v < floor)
        return `P1 L1 of process ${p} serves v${P.l.v} after an invalidation at v${floor}`;
      if (P.f >= 0 && S.r[P.f].v < Math.max(P.of, P.df))
        return `P1 a flight of process ${p} that holds v${S.r[P.f].v} can be joined after an invalidation at v${Math.max(P.of, P.df)}`;
    }
    return '';
  };
  const settled = (S) => S.r.every((r) => r.pc === 'idle');
  return { initial, steps, wrong, settled };
}
