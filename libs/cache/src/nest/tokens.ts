// `Symbol.for`: the CommonJS and the ES module copy of this library may be loaded in one process. The texts are what Nest
// prints when a token cannot be resolved, so they say what to do.

/** The cache of the application. */
export const CACHE_INSTANCE = Symbol.for('@mobius1/cache (import CacheModule.forRoot() in your root module)');

/** What the decorators of a module use: the cache, with the defaults of the feature. */
export const CACHE_BINDING = Symbol.for('@mobius1/cache decorators (import CacheModule.forRoot() in your root module)');

/** Options as the application gave them. */
export const CACHE_OPTIONS = Symbol.for('@mobius1/cache options');

/** The limits of the routes: what `RateLimitGuard` asks. */
export const ROUTE_LIMITS = Symbol.for('@mobius1/cache rate limits (import CacheModule.forRoot() in your root module)');
