/** What a generated client knows of the schema at run time: which models have a relation, but not by which fields. */
export interface RuntimeDataModel {
  readonly models: Readonly<Record<string, { readonly fields: readonly RuntimeField[] }>>;
}

export interface RuntimeField {
  readonly name: string;
  readonly kind: string;
  /** The other model, for a relation. */
  readonly type: string;
  readonly relationName?: string;
}
