import { ApiProperty } from '@nestjs/swagger';
import type { CacheStats } from '@mobius1/cache';

/** Counts of this process since its start; keys and memory are those of the store. */
export class CacheStatsDto implements CacheStats {
  @ApiProperty({ description: 'Reads answered from the cache.' })
  readonly hits!: number;

  @ApiProperty({ description: 'Hits, among them, that this process answered without asking Redis.' })
  readonly localHits!: number;

  @ApiProperty({ description: 'Reads answered by a value whose TTL had ended.' })
  readonly stale!: number;

  @ApiProperty({ description: 'Reads that ran, or waited for, a query.' })
  readonly misses!: number;

  @ApiProperty({ description: 'Share of reads answered without waiting for a query, in percent.' })
  readonly hitRate!: number;

  @ApiProperty({ description: 'Entries in the store.' })
  readonly keys!: number;

  @ApiProperty({ description: 'Bytes in use by the store.' })
  readonly memory!: number;

  @ApiProperty({ description: 'Queries the cache ran.' })
  readonly loads!: number;

  @ApiProperty({ description: 'Queries that another process was running already, and that were waited for.' })
  readonly waits!: number;

  @ApiProperty({ description: 'Waits that ended with a query of one’s own.' })
  readonly takeOvers!: number;

  @ApiProperty({ description: 'Queries that failed.' })
  readonly loadFailures!: number;

  @ApiProperty({ description: 'Results stored.' })
  readonly fills!: number;

  @ApiProperty({ description: 'Results not stored, because an invalidation came while they were loaded.' })
  readonly fenced!: number;

  @ApiProperty({ description: 'Results not stored because of what they were.' })
  readonly uncacheable!: number;

  @ApiProperty({ description: 'Values of somebody else that were found under a key and removed.' })
  readonly foreign!: number;

  @ApiProperty({ description: 'Invalidations by this process.' })
  readonly invalidations!: number;

  @ApiProperty({ description: 'Reads and writes inside of transactions, which went past the cache.' })
  readonly bypassed!: number;

  @ApiProperty({ description: 'Transactions committed without the fence that was asked for.' })
  readonly unfenced!: number;

  @ApiProperty({ description: 'Invalidations that wait until the store can be reached.' })
  readonly remembered!: number;

  @ApiProperty({ description: 'Questions to the store that it did not answer.' })
  readonly storeFailures!: number;
}
