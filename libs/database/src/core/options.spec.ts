import { InvalidOptionsError } from '@mobius1/kernel';
import { parseConnectionUrl } from './connection-url.js';
import { resolveDatabaseOptions } from './options.js';

const url = 'postgresql://ana:hunter2@db.local:6432/mobius';

describe('parseConnectionUrl', () => {
  it("takes Prisma's parameters out and keeps those of pg", () => {
    const parsed = parseConnectionUrl(`${url}?schema=shop&connection_limit=3&pool_timeout=2&sslmode=require`);
    expect(parsed).toEqual({
      url: `${url}?sslmode=require`,
      place: 'db.local:6432/mobius',
      schema: 'shop',
      connectionLimit: 3,
      poolTimeout: 2_000,
    });
  });

  it.each(['', 'mobius', 'mysql://localhost/mobius'])('refuses %p', (text) => {
    expect(parseConnectionUrl(text)).toBeUndefined();
  });
});

describe('resolveDatabaseOptions', () => {
  it('fills in defaults', () => {
    expect(resolveDatabaseOptions({ url }, 'here')).toMatchObject({ connectionLimit: 10, poolTimeout: 10_000 });
  });

  it('prefers an option to the same parameter of the URL', () => {
    const options = { url: `${url}?connection_limit=3&pool_timeout=2`, connectionLimit: 7 };
    expect(resolveDatabaseOptions(options, 'here')).toMatchObject({ connectionLimit: 7, poolTimeout: 2_000 });
  });

  it('reports all problems at once, without the password', () => {
    const options = { url: 'mysql://ana:hunter2@host/x', connectionLimit: 0, poolTimeuot: 1 };
    const resolve = () => resolveDatabaseOptions(options, 'here');
    expect(resolve).toThrow(InvalidOptionsError);
    expect(resolve).toThrow(/3 invalid options[^]*poolTimeuot[^]*did you mean[^]*url[^]*connectionLimit/);
    expect(resolve).not.toThrow(/hunter2/);
  });

  it('wants a URL', () => {
    expect(() => resolveDatabaseOptions({}, 'here')).toThrow(
      /url: expected a URL like [^]*got undefined \(give it here or as DATABASE_URL\)/,
    );
  });
});
