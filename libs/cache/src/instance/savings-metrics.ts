import type { SavingsFacts } from '../features/model/savings/savings-ledger.js';
import { TOKEN_KINDS } from '../features/model/savings/tokens.js';
import type { CacheMetric } from './cache-metrics.js';

const MICROS = 1_000_000;

/** What models were asked and what that saved, of this process; never by workspace or model (G9). */
export function describeSavings(facts: SavingsFacts): CacheMetric[] {
  const { calls, hits, coalesced, stale, tokensAvoided, latencySavedMs, unpriced, unrecorded, pending } = facts;
  const kinds = TOKEN_KINDS.map((kind) => ({ labels: { kind }, value: tokensAvoided[kind] }));
  return [
    counter('calls', 'Inferences that ran and gave an answer.', calls),
    counter('hits', 'Questions to models that were answered without an inference of their own.', hits),
    counter('coalesced', 'Hits of inferences that somebody else was waiting for.', coalesced),
    counter('stale', 'Hits whose TTL had ended.', stale),
    counter('tokens_avoided', 'Tokens that hits did not cost, by kind.', kinds),
    counter('latency_saved_seconds', 'Time of inference that hits did not wait for.', latencySavedMs / 1_000),
    counter('money_saved', 'What hits would have cost, by currency.', moneyIn(facts, 'saved')),
    counter('money_spent', 'What calls cost, by currency.', moneyIn(facts, 'spent')),
    counter('unpriced', 'Calls and hits of which the money is not known, or not all of it.', unpriced),
    counter('unrecorded', 'Questions that found no room in the ledger of savings.', unrecorded),
    {
      name: 'mobius_cache_model_savings_pending',
      help: 'Sums of savings that are not written yet.',
      type: 'gauge',
      samples: [{ labels: {}, value: pending }],
    },
  ];
}

/** There is always a sample, so that it is known from the start which labels there are. */
function moneyIn(facts: SavingsFacts, what: 'saved' | 'spent'): CacheMetric['samples'] {
  const sums = facts[what].map(({ currency, micros }) => ({ labels: { currency }, value: micros / MICROS }));
  const { currency = '' } = facts;
  return facts[what].some((sum) => sum.currency === currency) ? sums : [{ labels: { currency }, value: 0 }, ...sums];
}

function counter(name: string, help: string, value: number | CacheMetric['samples']): CacheMetric {
  const samples = typeof value === 'number' ? [{ labels: {}, value }] : value;
  return { name: `mobius_cache_model_${name}_total`, help, type: 'counter', samples };
}
