/** Answers of HTTP that are about the moment, not about the request. */
const OF_THE_MOMENT: ReadonlySet<number> = new Set([408, 409, 425, 429]);

/**
 * Whether a failure may pass by itself: everything but what the provider has against the request or its credentials, which is for its
 * caller to hear. Read from `status` or `statusCode`, as the SDKs of providers have it.
 */
export function mayPass(error: unknown): boolean {
  const { status, statusCode = status } = (error ?? {}) as { readonly status?: unknown; readonly statusCode?: unknown };
  if (typeof statusCode !== 'number' || statusCode < 400 || statusCode > 499) return true;
  return OF_THE_MOMENT.has(statusCode);
}
