/** What the semantic tier did since this process started. */
export interface SemanticStats {
  /** Answers of another question that were given. */
  readonly hits: number;
  /** Questions that had no answer of their own, and were looked up. */
  readonly asked: number;
  /** Those that had a candidate: it passed the gate, is similar enough, and its answer stands. */
  readonly candidates: number;
  /** Candidates whose answer was compared with that of the model. */
  readonly verified: number;
  /** Those that were not equivalent. */
  readonly wrong: number;
  /** The embedder threw, or returned no vector of its dimensions. */
  readonly embedderFailures: number;
  /** Embedding and search took longer than `timeout`. */
  readonly timeouts: number;
  /** The index could not be read or written. */
  readonly unavailable: number;
  /** `equivalent` or `split` threw. */
  readonly judgeFailures: number;
  /** Left out because too much was under way already. */
  readonly skipped: number;
  /** Rows of the index that were none of ours, or encrypted with a key that is not there. */
  readonly unreadable: number;
}

/** What was learned in one partition: a workspace, a model, its parameters, and everything but the last text of the user. */
export interface SemanticPartition {
  /** Whose questions. */
  readonly workspaceId: string;
  /** Of which model. */
  readonly modelId: string;
  /** Tells partitions apart, without a word of them. */
  readonly partition: string;
  /** Questions that this process holds; 0 where the server searches. */
  readonly questions: number;
  /** Verdicts since the evidence was last thrown away. */
  readonly verified: number;
  /** Wrong ones among them. */
  readonly wrong: number;
  /** From this similarity on hits are served; absent until there is enough evidence. */
  readonly threshold?: number;
  /** How often more hits were wrong than may be: then the evidence is thrown away, and nothing is served. */
  readonly trips: number;
}

export type SemanticCounts = { -readonly [Name in keyof SemanticStats]: SemanticStats[Name] };

export const noSemanticCounts = (): SemanticCounts => ({
  ...{ hits: 0, asked: 0, candidates: 0, verified: 0, wrong: 0, embedderFailures: 0, timeouts: 0, unavailable: 0 },
  ...{ judgeFailures: 0, skipped: 0, unreadable: 0 },
});
