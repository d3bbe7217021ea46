// A program without Nest: a pool, what it tells, and what it says when something is missing.
import assert from 'node:assert/strict';
import { Database, initializeConnectionPool } from '@mobius1/database';

const url = process.env.DATABASE_URL;
const database = new Database({ url, connectionLimit: 2 });
const { rows } = await database.pool.query('SELECT $1::int + 1 AS two', [1]);
assert.deepEqual(rows, [{ two: 2 }]);
assert.equal(database.adapter.provider, 'postgres');
assert.equal((await database.health()).status, 'up');
assert.equal(database.stats().acquired, 2);
await database.close();
await assert.rejects(database.pool.query('SELECT 1'), { code: 'DATABASE_CLOSED' });

const nowhere = new Database({ url: 'postgresql://127.0.0.1:1/nothing' });
await assert.rejects(nowhere.ping(), { code: 'DATABASE_UNREACHABLE' });
await nowhere.close();

assert.throws(() => new Database({ url: 'nothing' }), { code: 'INVALID_OPTIONS' });
assert.throws(() => initializeConnectionPool({ url }), { code: 'DATABASE_PRISMA_CLIENT_MISSING' }); // nobody has generated one
console.log('ok');
