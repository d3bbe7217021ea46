import { adviceOn } from './advice.js';

describe('what to do about a Redis that cannot be reached', () => {
  it.each([
    ['connect ECONNREFUSED 127.0.0.1:6379', /start Redis, or correct REDIS_URL/],
    ['getaddrinfo ENOTFOUND redis.invalid', /no such host/],
    ['getaddrinfo EAI_AGAIN redis', /no such host/],
    ['connect ETIMEDOUT', /firewalls/],
    ['self-signed certificate in certificate chain', /redis\.tls/],
    ['C0E8:error:0A00010B:SSL routines:tls_validate_record_header:wrong version number', /speak TLS/],
    ['WRONGPASS invalid username-password pair', /user and password/],
    ['no answer within 1000 ms', /speaks TLS/],
    ['', /Look at Redis and the network/],
    ['something new', /Look at Redis and the network/],
  ])('%s', (lastError, advice) => {
    expect(adviceOn(lastError)).toMatch(advice);
  });
});
