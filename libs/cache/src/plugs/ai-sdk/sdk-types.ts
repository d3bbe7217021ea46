// What is used of the types of `ai` 5 (specification v2) and `ai` 6 (v3), so that neither has to be installed.

/** A model of either specification. */
export interface SdkModel {
  readonly specificationVersion: string;
  readonly provider: string;
  readonly modelId: string;
}

/** What any call of a model may say. */
export interface SdkCall {
  readonly abortSignal?: AbortSignal | undefined;
  readonly headers?: Readonly<Record<string, string | undefined>> | undefined;
  readonly providerOptions?: Readonly<Record<string, Readonly<Record<string, unknown>>>> | undefined;
}

/** A call of a language model; what is not named here counts as well. */
export interface SdkLanguageCall extends SdkCall {
  readonly prompt: unknown;
  readonly responseFormat?: { readonly type: string } | undefined;
}

/** A part of an answer, and of a stream: by its type, with fields of its own. */
export interface SdkPart {
  readonly type: string;
}

/** What `doGenerate` answers. */
export interface SdkGenerated {
  readonly content: readonly SdkPart[];
  /** A word in v2; v3 has the word of the provider beside it. */
  readonly finishReason: string | { readonly unified: string; readonly raw?: string | undefined };
  readonly usage: object;
  readonly providerMetadata?: object | undefined;
}

/** What `doStream` answers. */
export interface SdkStreamed<Part extends SdkPart> {
  readonly stream: ReadableStream<Part>;
}

/** What `doEmbed` is called with. */
export interface SdkEmbedCall extends SdkCall {
  readonly values: readonly unknown[];
}

/** What `doEmbed` answers. */
export interface SdkEmbedded {
  readonly embeddings: readonly (readonly number[])[];
  readonly usage?: { readonly tokens: number } | undefined;
  readonly providerMetadata?: object | undefined;
}
