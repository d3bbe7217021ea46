const NAMES = 'REDIS_URL, REDIS_HOST and REDIS_PORT, or redis in the options';

/** By what Node.js and OpenSSL say of a connection that fails. */
const ADVICE: readonly (readonly [RegExp, string])[] = [
  [/ECONNREFUSED/, `Nothing listens there: start Redis, or correct ${NAMES}.`],
  [/ENOTFOUND|EAI_AGAIN/, `There is no such host: correct ${NAMES}.`],
  [/EHOSTUNREACH|ENETUNREACH|ETIMEDOUT/, 'No way leads there: look at the network and its firewalls.'],
  [/certificate|self-signed|ERR_TLS/i, 'Its certificate is not trusted: name its authority in redis.tls.'],
  [/SSL|EPROTO/, "Does it speak TLS? 'rediss://' and redis.tls are for servers that do, 'redis://' for others."],
  [/^(NOAUTH|WRONGPASS)/, 'Correct its user and password.'],
  [/DB index is out of range/, 'There is no such database: correct redis.db, or the number in REDIS_URL.'],
  [/^no answer/, "Look at the network, and whether it speaks TLS: 'rediss://' and redis.tls are for servers that do."],
];

/** What to do about a Redis that cannot be reached, by its last error. */
export const adviceOn = (lastError: string): string =>
  ADVICE.find(([error]) => error.test(lastError))?.[1] ?? 'Look at Redis and the network.';
